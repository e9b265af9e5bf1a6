"""Answers as people and language models write them: found where a person would find them, and nowhere else."""

from __future__ import annotations

import re
import string
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brigade.envs.prover_verifier.arithmetic.answers import read_answer
from brigade.envs.registry import BrigadeError

FORMS = (
    "#### {}", "Answer: {}", "**Answer: {}**", "**Answer:** {}", "answer: {}.", "Answer: ${}", "Answer: {} lemons",
    "Final answer: {}", "The answer is {}.", "The correct answer is: {} apples", "Answer:\n{}", "Answer:\n\n**{}**",
    "so we get \\boxed{{{}}}", "\\[\\boxed{{{}\\text{{ lemons}}}}\\]", "**Final Answer:** \\({}\\)", "### Answer: _{}_",
    "Answer: She has {} lemons.", "Answer: about {} hours", "Answer = {}", "Answer: 2 + 2 = {}", "A: {}", "Answer - {}",
    "The answer to the question is {} km.", "Answer: {}%", "Answer: \u20ac{}", "Answer: \u2248 {}", "Answer: ({})",
)  # fmt: skip
NUMBERS = st.one_of(
    st.integers(0, 10**9).map(lambda n: (str(n), Fraction(n))),
    st.integers(1000, 10**9).map(lambda n: (f"{n:,}", Fraction(n))),
    st.integers(1000, 10**9).map(lambda n: (f"{n:,}".replace(",", " "), Fraction(n))),
    st.tuples(st.integers(0, 9999), st.integers(0, 99)).map(
        lambda p: (f"{p[0]}.{p[1]:02}", Fraction(p[0] * 100 + p[1], 100))
    ),
    st.tuples(st.integers(0, 99), st.integers(1, 99)).map(lambda p: (f"{p[0]}/{p[1]}", Fraction(*p))),
)


@given(NUMBERS, st.sampled_from(FORMS), st.text(string.ascii_letters + string.digits + " .,+=\n", max_size=200))
def test_however_it_is_put_it_is_found(number: tuple[str, Fraction], form: str, before: str) -> None:
    written, value = number
    assert read_answer(f"{before}\n{form.format(written)}") == value
    assert read_answer(f"Answer: 77\n{form.format(written)}\n") == value, "the last one counts"


@given(st.integers(1, 10**6), st.sampled_from(["-{}", "\u2212{}", "-${}", "$-{}", "- {}"]))
def test_numbers_below_zero(number: int, form: str) -> None:
    assert read_answer(f"Answer: {form.format(number)}") == -number


@pytest.mark.parametrize("form", ["#### {}", "Answer: {}", "**Answer: {}**", "The answer is {}."])
@pytest.mark.parametrize(
    "said", ["cannot be said", "It cannot be determined", "None", "unknown", "there is not enough information"[9:]]
)
def test_that_there_is_none_is_an_answer(form: str, said: str) -> None:
    assert read_answer(form.format(said)) is None


@pytest.mark.parametrize(
    "said",
    [
        "3 to 5", "3-5", "3 or 4", "between 3 and 5", "7:30", "1e5", "12,5", "5/0", "many", "", "In 3 bags are 19",
        "3 and 4", "3 \u2013 5", "9" * 50, "x1", "1.2.3.4", "5*3", "2*10^3", "2 * 10^3", "2*3 = 6*1", "10^6", "3\u00bd",
        "5 million", "5, 6", "5; 6", "5 + 3", "not 5", "less than 5", "\u03c0/2", "5 x 3 = 3 x 5", "2 dozen",
        "5 \\times 3", "1/2/3", "5|6", "at least 4", "4 / x",
    ],
)  # fmt: skip
def test_what_nobody_could_be_sure_of_is_not_read(said: str) -> None:
    with pytest.raises(BrigadeError, match="is no number"):
        read_answer(f"Answer: {said}")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Answer: 3 1/2", Fraction(7, 2)), ("Answer: 19 = 12 + 7", 19), ("Answer: 12 + 7 = 19", 19),
        ("Answer: 1/1234567890123456", Fraction(1, 1234567890123456)), ("Answer: 1000000000000000000000", 10**21),
        ("Answer: 5\nPlease check whether the answer is right.", 5), ("Answer: 19 lemons in 3 bags", 19),
        ("Answer: 5\nI am sure of this answer: it follows from line 1.", 5), ("Answer: 6 boxes (72 pencils)", 6),
        ("The answer is 4.\nAnswer: 5", 5), ("Answer: 5\nSo the answer is 6.", 6), ("Answer: **1,200**", 1200),
        ("* Answer: *7*", 7), ("Answer: `7`", 7), ("> **Answer**: 7", 7),
    ],
)  # fmt: skip
def test_what_a_person_would_read(text: str, value: Fraction | int) -> None:
    assert read_answer(text) == value


@pytest.mark.parametrize("text", ["", "3 + 4 = 7", "I think it is 7.", "answers 7", "the answering machine: 7"])
def test_without_a_mark_there_is_no_answer(text: str) -> None:
    with pytest.raises(BrigadeError, match="expected a last line"):
        read_answer(text)


@given(st.text(max_size=400))
def test_no_text_is_more_than_a_number_none_or_a_sentence(text: str) -> None:
    try:
        found = read_answer(f"Answer: {text}")
    except BrigadeError:
        return
    assert found is None or re.search(r"\d", text)

"""The kitchen: cookbooks, maps, rules, and the interfaces over them."""

"""Who a partner is and what it will turn to: programs run in shadow, counts, beliefs; and how right they are."""

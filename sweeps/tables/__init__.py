"""Between trials and the store's tables."""

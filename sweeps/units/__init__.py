"""The words of a launch: units of work, what they take, how they fail, and who may do them."""

"""Trial arrays: the target stages of several trials, trained in lockstep by one process as one stack of models."""

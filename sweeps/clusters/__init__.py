"""Clusters: one of several raylets on this machine, files for real ones, and whether their nodes are fit."""

#!/usr/bin/python3
"""The paper's split by scikit-learn itself: for each case one line each of train, val and test indices.

usage: split_oracle.py N,TRAIN_SIZE,RANDOM_STATE ...
"""
import sys

from sklearn.model_selection import train_test_split

for case in sys.argv[1:]:
    n, train_size, seed = case.split(",")
    rest, aside = train_test_split(range(int(n)), test_size=0.3, random_state=int(seed))
    test, val = train_test_split(aside, test_size=0.5, random_state=int(seed))
    train, _ = train_test_split(rest, train_size=float(train_size) / 0.7, random_state=int(seed))
    for part in train, val, test:
        print(*part)

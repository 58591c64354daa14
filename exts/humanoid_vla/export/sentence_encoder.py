"""The sentence encoder as ONNX, for a bundle: a robot without torch then understands new sentences."""

from __future__ import annotations

import os
from pathlib import Path

import onnx
import torch
from torch import nn

from humanoid_vla.language.encoder import EMBEDDING_DIM, MODEL, WEIGHTS_SHA256, SentenceEncoder

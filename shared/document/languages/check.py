#!/usr/bin/env python3
"""Checks language files against en.toml: same words, same placeholders. Usage: check.py FILE…"""
import re, sys, tomllib
from pathlib import Path
here = Path(__file__).parent
places = lambda text: sorted(set(re.findall(r"\{\w+\}", text)))
english = tomllib.loads((here / "en.toml").read_text())
bad = 0
for name in sys.argv[1:]:
    language = tomllib.loads(Path(name).read_text())
    faults = [f"missing {key}" for key in english if key not in language]
    faults += [f"unknown {key}" for key in language if key not in english]
    words = language.get("words", {})
    faults += [f"missing word {key}" for key in english["words"] if key not in words]
    faults += [f"unknown word {key}" for key in words if key not in english["words"]]
    faults += [f"{key}: placeholders {places(words[key])}, not {places(text)}" for key, text in english["words"].items() if key in words and places(text) != places(words[key])]
    faults += [f"{key}: empty or untrimmed" for key, text in words.items() if not text or text != text.strip()]
    if len(language.get("months", [])) != 12: faults.append("months: twelve")
    if places(language.get("date", "")) != ["{day}", "{month}", "{year}"]: faults.append("date: placeholders")
    if language.get("tag") != Path(name).stem: faults.append("tag is not the file's name")
    bad += len(faults)
    print(name, "ok" if not faults else "\n  ".join(["", *faults]))
sys.exit(bad > 0)

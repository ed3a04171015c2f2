"""Exercises of the notebooks: what is asked, and how the state of a workspace shows that it was done."""

from kit.lessons.exercise import Exercise, Verdict, exercise, exercises, judged

__all__ = ["Exercise", "Verdict", "exercise", "exercises", "judged"]

"""Forensics: views of a run's facts for a person who asks. They add up and print; they compute no verdict."""

"""The commands of `antenne`, by capability: what is asked of the bot from a shell, and how it is printed.

What a command needs is imported when it runs, so that each starts quickly. adapters/main.py puts them together and gives
them the running bot; nothing here imports it.
"""

"""Views: values in, words and buttons out; pure, so they are tested in every language without a bot."""

"""The playground's page: a Slack-like page in a browser, rendered here, for trying the bot out on this machine."""

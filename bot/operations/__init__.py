"""Operations: what whoever runs the bot asks of it. Health, metrics, doctor, report."""

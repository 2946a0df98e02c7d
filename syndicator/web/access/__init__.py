"""Who may see pages behind a sign-in: operators the console, partners their portal."""

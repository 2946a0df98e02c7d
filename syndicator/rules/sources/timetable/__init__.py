"""The times of schedules: intervals, cron expressions, windows, holidays."""

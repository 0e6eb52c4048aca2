"""Networks that learn: tasks, trainings, and what they look like on the way."""

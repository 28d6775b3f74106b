"""Events, jobs and failures as text. No other package words them."""

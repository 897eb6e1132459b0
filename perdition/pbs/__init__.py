"""The command `perdition-pbs`, POP before SMTP: who has logged in through perdition may send mail for a while."""

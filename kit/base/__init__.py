"""What every service stands on and no service owns: errors, time, randomness, results. Knows no domain."""

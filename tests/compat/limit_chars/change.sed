s/max_chars: 100\}/max_chars: 99}/

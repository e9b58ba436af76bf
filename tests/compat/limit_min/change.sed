s/max_chars: 50\}/min_chars: 1, max_chars: 50}/

s/max_chars: 100\}/max_chars: 100, required: true}/
s/\\"note\\":null/\\"note\\":\\"n\\"/

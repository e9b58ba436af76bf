s/topic: "gone", plain: true/topic: "gone", key: "name", type: "compat.gone.v1", source: "\/gone"/

print("holdfast-server: not wired yet")

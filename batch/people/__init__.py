"""What people judged, and how well they could."""

"""What a page is made of. The only part of chatcore that imports streamlit."""

"""What makes a course of the pages, without Streamlit: a file for each part."""

"""The files that wait on pages to be sent."""

from streamlit.runtime import Runtime, exists
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager


def held() -> dict[str, int]:
    """Bytes by the session of Streamlit that holds them."""
    manager = Runtime.instance().uploaded_file_mgr if exists() else None
    if not isinstance(manager, MemoryUploadedFileManager):
        return {}
    return {
        session_id: sum(len(file.data) for file in list(files.values()))
        for session_id, files in list(manager.file_storage.items())
    }

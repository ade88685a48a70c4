// Files and folders that were dropped or picked, as relative paths.

export async function filesOf(source: DataTransfer | FileList): Promise<{ path: string; file: File }[]> {
  if (source instanceof FileList) return [...source].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
  // Entries must be taken before the first await: the transfer is emptied after the event.
  const entries = [...source.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return [...source.files].map((file) => ({ path: file.name, file }));
  const found: { path: string; file: File }[] = [];
  for (const entry of entries) await collect(entry, "", found);
  return found;
}

async function collect(entry: FileSystemEntry, folder: string, found: { path: string; file: File }[]): Promise<void> {
  const path = folder ? `${folder}/${entry.name}` : entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return;
    for (const child of batch) await collect(child, path, found);
  }
}

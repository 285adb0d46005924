/**
 * Tells whether a path lies on a network file system, where SQLite's locks and `fsync` can't be trusted. Known for
 * Linux alone; elsewhere every path counts as local.
 */

/** Linux's numbers of file systems, from statfs(2). */
const networkKinds = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB 2"],
  [0x01021997, "9P"],
  [0x5346414f, "AFS"],
  [0x73757245, "Coda"],
  [0x00c36400, "Ceph"],
]);

/** One number for all file systems of user space, many of them local: the mount's type says which it is. */
const fuse = 0x65735546;
const networkFuse =
  /^fuse\.(sshfs|rclone|s3fs|goofys|glusterfs|ceph-fuse|ceph|gcsfuse|davfs2?|curlftpfs|nfs\S*)$/;

/** `type` is statfs's number for `path`, a real path; `mounts` is the text of /proc/self/mountinfo. */
export const networkFileSystem = (path: string, type: number, mounts: string): string | undefined => {
  if (type !== fuse) return networkKinds.get(type);
  const mount = mountOf(path, mounts);
  return mount !== undefined && networkFuse.test(mount) ? mount : undefined;
};

/** The type of the innermost mount that holds a path, the later one where two have the same place. */
const mountOf = (path: string, mounts: string): string | undefined => {
  let longest = -1;
  let found: string | undefined;
  for (const line of mounts.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    // Space, tab, newline and backslash stand there as octal numbers.
    const place = (before.split(" ")[4] ?? "").replace(/\\(\d{3})/g, (_, code) =>
      String.fromCharCode(Number.parseInt(code, 8)),
    );
    const holds = place === "/" || path === place || path.startsWith(`${place}/`);
    if (place === "" || !holds || place.length < longest) continue;
    longest = place.length;
    found = after.split(" ")[0];
  }
  return found;
};

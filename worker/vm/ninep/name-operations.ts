import { message } from "./codec.ts";
import { errno, NinepError } from "./errno.ts";
import type { NinepNode } from "./node.ts";
import type { Operation, Operations, Session } from "./operation.ts";

const removeDirectoryFlag = 0x200;

const mkdir: Operation = (request, answer, { fids }) => {
  const fid = fids.get(request.uint32());
  const name = request.name();
  const mode = request.uint32();
  answer.qid(fid.node.makeDirectory(name, mode, { uid: fid.uid, gid: request.uint32() }).qid);
};

const symlink: Operation = (request, answer, { fids }) => {
  const fid = fids.get(request.uint32());
  const name = request.name();
  const target = request.string();
  if (target.includes("\0")) throw new NinepError(errno.EINVAL, "the target holds a zero byte");
  answer.qid(fid.node.symlink(name, target, { uid: fid.uid, gid: request.uint32() }).qid);
};

/** Device nodes, fifos and sockets of a guest have no place on the host. */
const mknod: Operation = () => {
  throw new NinepError(errno.EPERM, "special files are not made on the host");
};

const link: Operation = (request, _answer, { fids }) => {
  const directory = fids.get(request.uint32()).node;
  const existing = fids.get(request.uint32()).node;
  directory.link(request.name(), existing);
};

const rename: Operation = (request, _answer, session) => {
  const { directory, name } = session.fids.get(request.uint32()).node.parent();
  const target = session.fids.get(request.uint32()).node;
  moved(session, directory.rename(name, target, request.name()));
};

const renameat: Operation = (request, _answer, session) => {
  const directory = session.fids.get(request.uint32()).node;
  const name = request.name();
  const target = session.fids.get(request.uint32()).node;
  moved(session, directory.rename(name, target, request.name()));
};

/** Handles name files, not paths: those at or below what moved must move along. */
function moved(session: Session, renamed: ReturnType<NinepNode["rename"]>): void {
  for (const fid of session.fids) fid.node.renamed(renamed);
}

const unlinkat: Operation = (request, _answer, { fids }) => {
  const directory = fids.get(request.uint32()).node;
  const name = request.name();
  if (request.uint32() & removeDirectoryFlag) directory.removeDirectory(name);
  else directory.unlink(name);
};

/** Removes the file and gives the fid back, whatever comes of the first. */
const remove: Operation = (request, _answer, { fids }) => {
  const number = request.uint32();
  const { node } = fids.get(number);
  try {
    const { directory, name } = node.parent();
    if (node.qid.type === 0x80) directory.removeDirectory(name);
    else directory.unlink(name);
  } finally {
    fids.remove(number);
  }
};

export const nameOperations: Operations = new Map([
  [message.mkdir, mkdir],
  [message.symlink, symlink],
  [message.mknod, mknod],
  [message.link, link],
  [message.rename, rename],
  [message.renameat, renameat],
  [message.unlinkat, unlinkat],
  [message.remove, remove],
]);

/** Something that the user can mend. It is shown in one line, without a stack trace. */
export class StartError extends Error {
  override name = 'StartError'
}

/** Troubles of the system, by their error codes. */
const explanations: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: make room and start again',
  EDQUOT: 'the disk quota is used up: make room and start again',
  EROFS: 'the file system is read-only: set DATA_DIR to a folder that you may write to',
  EACCES: 'permission denied: set DATA_DIR to a folder that you may write to',
  EPERM: 'not permitted: set DATA_DIR to a folder that you may write to',
  ENOTDIR: 'a part of the path is a file: set DATA_DIR to a folder',
  EEXIST: 'a file is in the way: set DATA_DIR to a folder',
  EMFILE: 'too many files are open: raise the limit (ulimit -n) and start again',
}

const systemCodeOf = (error: unknown) => (error as NodeJS.ErrnoException | undefined)?.code ?? ''

/** Runs work on files and turns the usual troubles into one line about `what`. */
export const explaining = <T>(what: string, work: () => T): T => {
  try {
    return work()
  } catch (error) {
    const explanation = explanations[systemCodeOf(error)]
    if (explanation === undefined) throw error
    throw new StartError(`${what}: ${explanation}`)
  }
}

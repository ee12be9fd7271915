import { readFileSync } from 'node:fs'

/** A process and its parent, as they were when the chain was read. */
interface Link {
  pid: number
  parent: number
}

/** The ancestors of this process up to the npx that started it, nearest first. Empty: npx did not start it. */
export type NpxChain = readonly Link[]

/** Processes between npx and this one: the shell of npx, `bun run`, and this program run again. */
const MAX_DEPTH = 6
const NPX_COMMAND = /(^|[/ ])(npm exec|npx)( |$)/
const BETWEEN_COMMAND = /^(\S*\/)?((sh|dash|bash|ash) -c|bun(\.exe)?) /

/**
 * Finds the npx that started this process. npx is no mere parent: when it ends, the processes that it started go on without a
 * terminal, out of sight. Any other parent may end (`nohup`, `setsid`), so the chain is empty then. Linux only. Uses built-ins only.
 */
export function findNpxChain(pid = process.pid): NpxChain {
  const chain: Link[] = []
  for (let child = pid; chain.length < MAX_DEPTH; ) {
    const parent = readParentPid(child)
    if (parent === undefined || parent <= 1) return []
    chain.push({ pid: child, parent })
    const command = readCommand(parent)
    if (NPX_COMMAND.test(command) && !BETWEEN_COMMAND.test(command)) return chain
    if (!BETWEEN_COMMAND.test(command)) return []
    child = parent
  }
  return []
}

/** Returns whether every process of the chain still has its parent: one that ended has left its child to another process. */
export function isNpxChainIntact(chain: NpxChain): boolean {
  return chain.every(({ pid, parent }) => readParentPid(pid) === parent)
}

/** Returns whether this process was started with the signal ignored, as `nohup` does with SIGHUP. */
export function isSignalIgnored(signalNumber: number): boolean {
  const [, mask] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readProcFile('self', 'status')) ?? []
  return mask !== undefined && (BigInt(`0x${mask}`) & (1n << BigInt(signalNumber - 1))) !== 0n
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html the name, in brackets, may contain any character */
function readParentPid(pid: number): number | undefined {
  const stat = readProcFile(pid, 'stat')
  const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  return Number.isInteger(parent) ? parent : undefined
}

function readCommand(pid: number): string {
  return readProcFile(pid, 'cmdline').replaceAll('\0', ' ').trim()
}

function readProcFile(pid: number | 'self', name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return ''
  }
}

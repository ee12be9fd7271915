import { link, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Log } from '@darkroom/infra/log'
import { readErrorCode } from '@darkroom/infra/runtime/error-code'
import { ProviderError, type SavedAnswer } from '../providers/adapter.ts'
import { createAnswerBody, readAnswerBody } from './answer-body.ts'
import { replaceFile, syncFolder, writeNewFile } from './durable-file.ts'
import {
  type EntryFile,
  getWriterState,
  HEARTBEAT_MS,
  type OwnWriter,
  readEntryFile,
  toEntryFailure,
  toProviderError,
} from './entry-file.ts'

/**
 * A call as the journal names it. The number of a call that was refused is used again: the attempt tells the two apart, so that what
 * is done about the first never meets the second.
 */
export interface CallName {
  generationId: string
  call: number
  attempt: number
}

export interface JournaledCall extends CallName {
  provider: string
  model: string
}

/**
 * The state of a call in the journal. `in-flight`: a process is making it. `answered`: what it answered is on the disk, perhaps
 * cut off at the end. `refused`: it had no effect, or was never sent. `unanswered`: nothing of an answer arrived, so its outcome
 * is unknown.
 */
export type JournalEntry = JournaledCall &
  (
    | { state: 'in-flight' }
    /** Of a newer version, or damaged: it may be an answer, so it is waited for and never removed. */
    | { state: 'unreadable' }
    /** `ended`: nothing more of an answer can come, not even from a process that is frozen. */
    | { state: 'unanswered'; ended: boolean }
    | { state: 'answered'; ended: boolean; answer: SavedAnswer }
    | { state: 'refused'; error: ProviderError }
  )

/** Writes the answer of one call. */
export interface AnswerWriter {
  readonly call: JournaledCall
  /** The answer, which can be read from its beginning while it is being written. */
  readonly answer: SavedAnswer
  /** Announces that the call is sent now. Without it the call is known not to have been made. */
  markSent(): Promise<void>
  /** Begins the answer. @param headers of the response */
  begin(headers: Record<string, string>): Promise<void>
  append(chunk: Uint8Array): Promise<void>
  /** Ends the answer: readers end, or throw `error` after its last byte. Nothing is appended after this. */
  end(error?: unknown): Promise<void>
}

/**
 * The answers of providers that are not stored yet. Each is on the disk before anything else is done with it, so that whatever
 * fails afterwards, and whenever this process ends, it is read again. All processors of a host share the folder.
 */
export interface Journal {
  /** Identity of the folder, which the rows of calls name. */
  readonly id: string
  readonly directory: string
  /** Announces a call before it is made. */
  open(call: JournaledCall): Promise<AnswerWriter>
  /** Lists the calls of one generation, or all calls. */
  list(generationId?: string): Promise<JournalEntry[]>
  /** Removes a call's files, once its row says that nothing more is needed of them. */
  remove(call: CallName): Promise<void>
}

const ENTRY_NAME = /^([0-9a-f-]{36})\.(\d+)\.(\d+)\.json$/
const ID_FILE = 'id'
/** Longer than a process takes between two steps of writing or removing an entry. */
const LEFTOVER_MS = 3_600_000

/** Opens the journal in a folder, creating it if it is missing. */
export async function openJournal({ directory, log }: { directory: string; log: Log }): Promise<Journal> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await removeLeftovers(directory)
  const id = await readOrCreateId(directory)
  const own = { id: crypto.randomUUID(), open: new Set<string>() }
  const list: Journal['list'] = async generationId => {
    const files = await readdir(directory).catch(error => restoreFolder(error, directory, id))
    const names = files.filter(name => {
      const named = ENTRY_NAME.exec(name)?.[1]
      return named !== undefined && named === (generationId ?? named)
    })
    const entries = await Promise.all(
      names.map(name =>
        readEntry(join(directory, name), own).catch(err => {
          log.error({ err, file: name }, 'journal_entry_unreadable')
          // A call whose entry cannot be read must not be taken for one without an answer.
          if (generationId !== undefined && isSystemError(err)) throw err
          return toUnreadableEntry(name)
        }),
      ),
    )
    return entries.filter(entry => entry !== undefined)
  }
  return {
    id,
    directory,
    list,
    open: call => openEntry(directory, own, call),
    remove: async call => {
      const path = getEntryPath(directory, call)
      // The entry first: a body without an entry is nothing, and an entry without its body looks unanswered.
      await rm(path, { force: true })
      await rm(toBodyPath(path), { force: true })
      await syncFolder(directory)
    },
  }
}

async function readEntry(path: string, own: OwnWriter): Promise<JournalEntry | undefined> {
  const file = await readEntryFile(path)
  if (!file) return undefined
  const { generationId, call, attempt, provider, model, failure } = file
  const named = { generationId, call, attempt, provider, model }
  const writer = file.ended ? 'dead' : await getWriterState(path, file, own)
  if (writer === 'alive') return { ...named, state: 'in-flight' }
  if (writer === 'dead' && !file.sent) return { ...named, state: 'refused', error: new ProviderError('interrupted') }
  const { headers } = file
  const ended = writer === 'dead'
  const isWhole = file.ended && failure === null
  if (headers !== null && (isWhole || (await getSize(toBodyPath(path))) > 0)) {
    const answer: SavedAnswer = {
      headers: async () => headers,
      body: signal => readAnswerBody(toBodyPath(path), signal),
    }
    return { ...named, state: 'answered', ended, answer }
  }
  // Once a response has begun the call may have been accepted.
  if (headers === null && failure !== null && failure.failure !== 'unknown')
    return { ...named, state: 'refused', error: toProviderError(failure) }
  return { ...named, state: 'unanswered', ended }
}

async function openEntry(
  directory: string,
  own: { id: string; open: Set<string> },
  call: JournaledCall,
): Promise<AnswerWriter> {
  const path = getEntryPath(directory, call)
  const writer = { id: own.id, pid: process.pid, host: hostname() }
  let file: EntryFile = { v: 1, ...call, writer, sent: false, headers: null, ended: false, failure: null }
  own.open.add(path)
  await replaceFile(path, JSON.stringify(file))
  const body = await createAnswerBody(toBodyPath(path))
  const write = async (changed: EntryFile) => {
    file = changed
    await replaceFile(path, JSON.stringify(file))
  }
  const begun = Promise.withResolvers<Record<string, string>>()
  // Prevents an unhandled-rejection crash: a reader gets the failure, and there may be none.
  begun.promise.catch(() => {})
  const heartbeat = setInterval(() => void touch(path).catch(() => {}), HEARTBEAT_MS)
  heartbeat.unref()
  return {
    call,
    answer: { headers: () => begun.promise, body: body.follow },
    markSent: async () => {
      // A sweep may have taken the entry of a process that was frozen until now for one of a dead process.
      if ((await readEntryFile(path)) === undefined)
        throw new Error(`the entry of call ${call.call} of generation ${call.generationId} was removed`)
      await write({ ...file, sent: true })
    },
    begin: async headers => {
      await write({ ...file, headers })
      begun.resolve(headers)
    },
    append: body.append,
    end: async error => {
      clearInterval(heartbeat)
      try {
        await write({ ...file, ended: true, failure: error === undefined ? null : toEntryFailure(error) })
      } finally {
        own.open.delete(path)
        begun.reject(error)
        await body.close(error)
      }
    },
  }
}

/** Renews the time of an entry's file, by the clock of the file system. A failure has no effect on the call. */
async function touch(path: string): Promise<void> {
  await using file = await open(path, 'r+')
  await file.write('{', 0)
}

async function getSize(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

function getEntryPath(directory: string, { generationId, call, attempt }: CallName): string {
  return join(directory, `${generationId}.${call}.${attempt}.json`)
}

function toBodyPath(entryPath: string): string {
  return entryPath.replace(/\.json$/, '.body')
}

/** Removes what a killed process has left: temporary files, and bodies whose entries were removed. */
async function removeLeftovers(directory: string): Promise<void> {
  const names = new Set(await readdir(directory))
  const isLeftover = (name: string) =>
    name.endsWith('.new') || (name.endsWith('.body') && !names.has(name.replace(/\.body$/, '.json')))
  for (const name of [...names].filter(isLeftover)) {
    const path = join(directory, name)
    const stats = await stat(path).catch(() => undefined)
    if (stats && Date.now() - stats.mtimeMs > LEFTOVER_MS) await rm(path, { force: true })
  }
}

/** Returns the entry of a newer version, or one that is damaged, by its name. */
function toUnreadableEntry(name: string): JournalEntry {
  const [, generationId = '', call, attempt] = ENTRY_NAME.exec(name) ?? []
  return { generationId, call: Number(call), attempt: Number(attempt), provider: '', model: '', state: 'unreadable' }
}

/** Returns whether the operating system refused: too many open files, no permission, a broken disk. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

/** Makes a folder that somebody has removed again: without it nothing could be worked on. @throws any other error */
async function restoreFolder(error: unknown, directory: string, id: string): Promise<string[]> {
  if (readErrorCode(error) !== 'ENOENT') throw error
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await replaceFile(join(directory, ID_FILE), id)
  return []
}

/** Returns the identity of the folder. Several processes may create it at once: the first one counts. */
async function readOrCreateId(directory: string): Promise<string> {
  const path = join(directory, ID_FILE)
  const own = `${path}.${crypto.randomUUID()}`
  await writeNewFile(own, crypto.randomUUID())
  await link(own, path).catch(error => {
    if (readErrorCode(error) !== 'EEXIST') throw error
  })
  await rm(own, { force: true })
  await syncFolder(directory)
  return (await readFile(path, 'utf8')).trim()
}

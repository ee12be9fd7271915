import type { Connection, ConnectionChange, NewConnection } from '@darkroom/contracts/connection'
import { type ConnectionKind, KIND_INFO } from '@darkroom/contracts/connection-kinds'
import { describeProblem, RejectedError } from '../../request-error.ts'
import type { ConnectionsApi } from './connections-api.ts'

/** The text of the fields of a connection that is being added. */
export interface DraftFields {
  kind: ConnectionKind
  key: string
  /** Empty for the usual address of the kind. */
  baseUrl: string
}

/**
 * Progress of a draft: `incomplete` while a field is missing, `typing` until the user pauses, `sending` until the studio has the
 * draft, `sent` from then on. `refused`: the studio did not take it, with the reason in `problem`.
 */
export interface DraftProgress {
  phase: 'incomplete' | 'typing' | 'sending' | 'sent' | 'refused'
  /** Id of the draft, null before the studio has one. */
  id: string | null
  problem: string | null
}

export type ConnectionLimits = Pick<ConnectionChange, 'slots' | 'maxOpenCalls'>

export interface DraftCheckOptions {
  api: Pick<ConnectionsApi, 'add' | 'change' | 'remove'>
  onProgress: (progress: DraftProgress) => void
  /** Called with the draft as the studio answered. */
  onConnection: (connection: Connection) => void
  /** Called with the id of a draft that is removed. */
  onRemoved: (id: string) => void
  debounceMs?: number
}

const DEBOUNCE_MS = 600
const NOT_FOUND_STATUS = 404

/**
 * Creates the check of a connection that is being added: a draft in the studio, which is checked at no cost and makes nothing. It is
 * sent when the user pauses, changed when the fields are, and removed when they are left.
 */
export function createDraftCheck({
  api,
  onProgress,
  onConnection,
  onRemoved,
  debounceMs = DEBOUNCE_MS,
}: DraftCheckOptions) {
  let id: string | null = null
  let sentKind: ConnectionKind | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  /** Counts the drafts: a response to one that was left is not taken. */
  let generation = 0
  let sending: Promise<void> = Promise.resolve()

  const report = (phase: DraftProgress['phase'], problem: string | null = null) => onProgress({ phase, id, problem })

  /** Sends the fields when they have not changed for a while. */
  function input(fields: DraftFields) {
    clearTimeout(timer)
    if (sentKind !== null && sentKind !== fields.kind) discard()
    if (!isComplete(fields)) return report('incomplete')
    report('typing')
    timer = setTimeout(() => sendNow(fields), debounceMs)
  }

  /** Sends the fields at once: the check is made again. */
  function sendNow(fields: DraftFields) {
    clearTimeout(timer)
    const own = generation
    sentKind = fields.kind
    report('sending')
    sending = sending.then(() => send(fields, own))
  }

  async function send(fields: DraftFields, own: number) {
    if (own !== generation) return
    try {
      const connection = await addOrChange(api, id, fields)
      if (own !== generation) return removeQuietly(connection.id)
      id = connection.id
      onConnection(connection)
      report('sent')
    } catch (error) {
      if (own === generation) report('refused', describeProblem(error))
    }
  }

  /** Removes the draft. @param options `isLeaving`: the request outlives the document */
  function discard(options: { isLeaving?: boolean } = {}) {
    clearTimeout(timer)
    generation += 1
    const removed = id
    id = null
    sentKind = null
    if (removed !== null) removeQuietly(removed, options)
  }

  /** Removes a draft, if it can be now. The studio removes old ones itself. */
  function removeQuietly(removed: string, options: { isLeaving?: boolean } = {}) {
    onRemoved(removed)
    void api.remove(removed, options).catch(() => {})
  }

  /** Adds the connection that was checked. It is no draft from then on. @throws RejectedError, UnavailableError */
  async function confirm(name: string, limits: ConnectionLimits = {}): Promise<Connection | null> {
    if (id === null) return null
    const named = name.trim() !== '' && { name: name.trim() }
    const connection = await api.change(id, { draft: false, ...named, ...limits })
    clearTimeout(timer)
    generation += 1
    id = null
    return connection
  }

  return { input, sendNow, discard, confirm }
}

/** Sends a draft, as a new one if the studio has none with the id: it removes old ones. */
async function addOrChange(api: DraftCheckOptions['api'], id: string | null, fields: DraftFields): Promise<Connection> {
  if (id === null) return api.add(toNewConnection(fields))
  try {
    return await api.change(id, toChange(fields))
  } catch (error) {
    if (!(error instanceof RejectedError) || error.status !== NOT_FOUND_STATUS) throw error
    return api.add(toNewConnection(fields))
  }
}

/** Returns whether a connection has what its check needs. This machine is checked when it is switched on, and not before: that installs something. */
export function isComplete({ kind, key, baseUrl }: DraftFields): boolean {
  const info = KIND_INFO[kind]
  if (info.where === 'machine') return false
  if (info.key === 'required' && key.trim() === '') return false
  const url = normalizeBaseUrl(baseUrl)
  return url === '' ? info.baseUrl !== null : /^https?:\/\/[^/]+/.test(url) && URL.canParse(url)
}

/** Completes an address that was typed without its scheme: a server in the own network speaks plain HTTP. */
export function normalizeBaseUrl(text: string): string {
  const trimmed = text.trim()
  return trimmed === '' || trimmed.includes('://') ? trimmed : `http://${trimmed}`
}

function toNewConnection({ kind, ...fields }: DraftFields): NewConnection {
  const { key, ...change } = toChange({ kind, ...fields })
  return { kind, draft: true, ...change, ...(key && { key }) }
}

function toChange({ kind, key, baseUrl }: DraftFields): Pick<ConnectionChange, 'key' | 'baseUrl'> {
  const url = normalizeBaseUrl(baseUrl) || KIND_INFO[kind].baseUrl
  return { key: key.trim() || null, ...(url !== null && { baseUrl: url }) }
}

import type { Connection, Connections } from '@darkroom/contracts/connection'
import { isMadeInStudio, KIND_INFO } from '@darkroom/contracts/connection-kinds'
import { fromMicros } from '@darkroom/contracts/price'
import { formatMoney } from '../../ui/money.ts'

/** The state of a connection in words, as a row of the list shows it. */
export interface StateWords {
  /** A word or two: `Works`, `Wrong key`. */
  title: string
  /** A few words below it: `6 models · 3 at once, 64 open at most`, `since 13:40 today`. */
  detail: string
  /** A sentence about what is wrong and what to do; null if nothing is. */
  problem: string | null
  /** Whether something is broken that ends only when somebody acts, or the provider is back. */
  isBroken: boolean
}

/** A way in which a user can repair a connection. */
export type Fix = 'replace-key' | 'add-credit' | 'check'

/** Formats the state of a connection. @param now ms since 1970 */
export function formatState(connection: Connection, now: number): StateWords {
  const { state } = connection
  if (state.kind === 'ok') return { title: 'Works', detail: formatFacts(connection), problem: null, isBroken: false }
  if (state.kind === 'checking') {
    return { title: 'Checking…', detail: formatFacts(connection), problem: null, isBroken: false }
  }
  if (state.kind === 'limited') {
    return {
      title: 'Limited',
      detail: `until ${formatInstant(state.until, now).replace(/ today$/, '')}`,
      problem: null,
      isBroken: false,
    }
  }
  return {
    title: BROKEN_TITLES[state.kind] ?? 'Does not work',
    detail: formatBrokenDetail(connection, state, now),
    problem: state.error,
    isBroken: true,
  }
}

type BrokenState = Exclude<Connection['state'], { kind: 'ok' | 'checking' | 'limited' }>

function formatBrokenDetail({ checkedAt }: Connection, { kind, since }: BrokenState, now: number): string {
  if (kind === 'not-served') return 'by any processor'
  return kind === 'unreachable' && checkedAt !== null
    ? formatTried(checkedAt, now)
    : `since ${formatInstant(since, now)}`
}

const BROKEN_TITLES: Record<BrokenState['kind'], string> = {
  'wrong-key': 'Wrong key',
  'no-permission': 'Not allowed',
  'no-credit': 'No credit',
  unreachable: 'Unreachable',
  failing: 'Failing',
  'not-served': 'Not served',
}

/** Lists the ways to repair a connection. Nothing of one that comes from the environment can be replaced here. */
export function listFixes({ kind, locked, state }: Connection): Fix[] {
  if (state.kind === 'wrong-key' || state.kind === 'no-permission') return locked ? ['check'] : ['replace-key', 'check']
  if (state.kind === 'no-credit') return KIND_INFO[kind]?.billingUrl ? ['add-credit', 'check'] : ['check']
  return state.kind === 'unreachable' || state.kind === 'failing' || state.kind === 'not-served' ? ['check'] : []
}

/** Returns the host of the page at which credit is added: `platform.openai.com`. */
export function billingHost({ kind }: Connection): string {
  return URL.parse(KIND_INFO[kind]?.billingUrl ?? '')?.host ?? ''
}

/** Formats what a connection is: its kind, and the address of a server. */
export function formatOrigin({ kind, name, baseUrl, variable, locked }: Connection): string {
  const info = KIND_INFO[kind]
  if (locked && variable) return `${variable}, from the environment`
  if (isMadeInStudio(kind)) return info.offers
  const host = URL.parse(baseUrl ?? info.baseUrl ?? '')?.host
  const kindName = name === info.name && info.where === 'service' ? null : info.name
  return [kindName, host].filter(part => part !== null && part !== undefined).join(' · ')
}

function formatFacts({ kind, models, slots, maxOpenCalls }: Connection): string {
  const count = `${models} model${models === 1 ? '' : 's'}`
  if (isMadeInStudio(kind)) return `${count} · free`
  // A studio of an older version has no limit of what is open.
  const open = maxOpenCalls ? `, ${maxOpenCalls} open at most` : ''
  return `${count} · ${slots} at once${open}`
}

/** Formats the limits of a connection: `works on 2 at once, at most 64 calls open there`. */
export function formatLimits({ slots, maxOpenCalls }: Pick<Connection, 'slots' | 'maxOpenCalls'>): string {
  const works = `works on ${slots} at once`
  return maxOpenCalls ? `${works}, at most ${maxOpenCalls} call${maxOpenCalls === 1 ? '' : 's'} open there` : works
}

/** Formats the result of the check of a connection that is being added. */
export function formatCheck(connection: Connection, now: number): { title: string; text: string } {
  const words = formatState(connection, now)
  if (connection.state.kind === 'ok') {
    const note = connection.checkResult?.replace(/^It works[.:,]?\s*/, '') ?? ''
    return { title: 'It works.', text: capitalize(note) || 'Checking was free.' }
  }
  if (connection.state.kind === 'checking') return { title: 'Checking…', text: 'This costs nothing.' }
  if (connection.state.kind === 'limited') {
    return { title: 'It works, and asks to wait.', text: `It takes nothing ${words.detail}.` }
  }
  return { title: `${words.title}.`, text: words.problem ?? '' }
}

/** Formats what is left of the month's budget of a connection; null without a budget. */
export function formatBudget({ budgetMicros, spentMicros }: Connection): string | null {
  return budgetMicros === null ? null : `${formatLeft(budgetMicros, spentMicros)} this month`
}

/** Formats the budget of the whole studio; null if it has none. */
export function formatStudioBudget({ limitMicros, spentMicros, reservedMicros, renewsAt }: Connections['budget']) {
  if (limitMicros === null) return null
  const day = new Date(renewsAt).toLocaleDateString('en', { day: 'numeric', month: 'long', timeZone: 'UTC' })
  const reserved = reservedMicros > 0 ? `, ${formatMicros(reservedMicros)} of it for what is queued` : ''
  return `The whole studio: ${formatLeft(limitMicros, spentMicros)}${reserved}. It begins anew on ${day}.`
}

function formatLeft(limit: number, spent: number): string {
  return spent >= limit
    ? `${formatMicros(spent)} spent of ${formatMicros(limit)}: nothing left`
    : `${formatMicros(limit - spent)} of ${formatMicros(limit)} left`
}

/** Formats an amount of USD. @param micros millionths of a dollar */
function formatMicros(micros: number): string {
  return formatMoney({ amount: fromMicros(micros), currency: 'USD' })
}

/** Formats an instant: `13:40 today`, `yesterday`, `12 Nov`. @param now ms since 1970 */
export function formatInstant(instant: string, now: number): string {
  const at = new Date(instant)
  const days = Math.round((startOfDay(now) - startOfDay(at.getTime())) / DAY_MS)
  if (days <= 0)
    return `${at.toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' })}${days === 0 ? ' today' : ''}`
  return days === 1 ? 'yesterday' : at.toLocaleDateString('en', { day: 'numeric', month: 'short' })
}

const DAY_MS = 24 * 3_600_000
const MINUTE_MS = 60_000
const HOUR_MINUTES = 60

function startOfDay(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0)
}

function formatTried(checkedAt: string, now: number): string {
  const minutes = Math.floor((now - Date.parse(checkedAt)) / MINUTE_MS)
  if (minutes < 1) return 'tried just now'
  return minutes < HOUR_MINUTES ? `tried ${minutes} min ago` : `tried ${formatInstant(checkedAt, now)}`
}

function capitalize(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}

import type { Connection, ConnectionChange, Dialect } from '@darkroom/contracts/connection'
import { MAX_OPEN_CALLS } from '@darkroom/contracts/connection-kinds'
import { fromMicros, toMicros } from '@darkroom/contracts/price'
import { type ConnectionLimits, normalizeBaseUrl } from './draft-check.ts'

/** The limits of a connection as text. Empty: the default. */
export interface LimitTexts {
  /** Generations worked on at once. */
  slots: string
  /** Calls open at the provider at once. */
  openCalls: string
}

/** The fields of a connection as text. Empty: the default, or none. */
export interface ConnectionForm extends LimitTexts {
  name: string
  baseUrl: string
  key: string
  budget: string
  assumed: string
  /** Id of the model of the rule. */
  failoverModel: string
  dialect: Dialect
}

/** A value that is not valid, with the field that it is in. */
export interface FormProblem {
  field: 'slots' | 'openCalls' | 'budget' | 'assumed' | 'baseUrl' | 'key'
  message: string
}

const MAX_COUNTS = { slots: 64, openCalls: MAX_OPEN_CALLS } as const
const MAX_DOLLARS = 1_000_000

/** Fills the limits of a connection. */
export function fillLimits({ slots, maxOpenCalls }: Pick<Connection, 'slots' | 'maxOpenCalls'>): LimitTexts {
  // A studio of an older version does not have the second one.
  return { slots: String(slots), openCalls: String(maxOpenCalls ?? '') }
}

/** Fills the form of a connection. */
export function fillForm(connection: Connection): ConnectionForm {
  const { name, baseUrl, budgetMicros, assumedMicros, dialect } = connection
  return {
    ...fillLimits(connection),
    name,
    baseUrl: baseUrl ?? '',
    key: '',
    budget: toDollars(budgetMicros),
    assumed: toDollars(assumedMicros),
    failoverModel: connection.failoverModel ?? '',
    dialect: { ...dialect },
  }
}

/** Returns the limits that are not valid. */
export function findLimitProblems(texts: LimitTexts): FormProblem[] {
  return (['slots', 'openCalls'] as const).flatMap(field => {
    const isValid = texts[field].trim() === '' || isCount(texts[field], MAX_COUNTS[field])
    return isValid ? [] : [{ field, message: `A whole number from 1 to ${MAX_COUNTS[field]}.` }]
  })
}

/** Returns the change from one set of limits to another; empty if nothing differs. An emptied one goes back to the default. */
export function toLimitChange(texts: LimitTexts, before: LimitTexts): ConnectionLimits {
  return {
    ...(texts.slots.trim() !== before.slots && { slots: parseCount(texts.slots) }),
    ...(texts.openCalls.trim() !== before.openCalls && { maxOpenCalls: parseCount(texts.openCalls) }),
  }
}

/** Returns the values of a form that are not valid. */
export function findProblems(form: ConnectionForm, connection: Connection): FormProblem[] {
  const problems = findLimitProblems(form)
  for (const field of ['budget', 'assumed'] as const) {
    if (parseMicros(form[field]) === undefined)
      problems.push({ field, message: 'An amount in dollars, such as 20 or 0.04.' })
  }
  if (isOtherServer(form, connection) && connection.key === 'stored' && form.key.trim() === '') {
    problems.push({ field: 'key', message: 'Another address needs the key again: it would be sent to another server.' })
  }
  if (connection.kind === 'openai-compatible' && !connection.locked && !URL.canParse(normalizeBaseUrl(form.baseUrl))) {
    problems.push({ field: 'baseUrl', message: 'An address such as http://192.168.1.20:8080/v1.' })
  }
  return problems
}

/** Returns the change that makes a connection what its form says; empty if nothing differs. */
export function toConnectionChange(form: ConnectionForm, connection: Connection): ConnectionChange {
  const before = fillForm(connection)
  const change: ConnectionChange = toLimitChange(form, before)
  if (form.budget.trim() !== before.budget) change.budgetMicros = parseMicros(form.budget) ?? null
  if (form.assumed.trim() !== before.assumed) change.assumedMicros = parseMicros(form.assumed) ?? null
  if (form.failoverModel !== before.failoverModel) change.failoverModel = form.failoverModel || null
  if (connection.locked) return change
  if (form.name.trim() !== '' && form.name.trim() !== before.name) change.name = form.name.trim()
  if (form.key.trim() !== '') change.key = form.key.trim()
  if (isOtherServer(form, connection)) change.baseUrl = normalizeBaseUrl(form.baseUrl)
  if (JSON.stringify(form.dialect) !== JSON.stringify(before.dialect)) {
    change.dialect = Object.keys(form.dialect).length === 0 ? null : form.dialect
  }
  return change
}

/** Returns a dialect with one field changed; undefined removes it, and the check finds it out. */
export function changeDialect<Field extends keyof Dialect>(
  dialect: Dialect,
  field: Field,
  value: Dialect[Field] | undefined,
): Dialect {
  const { [field]: _, ...others } = dialect
  return value === undefined ? others : { ...others, [field]: value }
}

/** Parses an amount of dollars into micro-units. Empty is null; undefined is not an amount. */
export function parseMicros(text: string): number | null | undefined {
  const trimmed = text.trim().replace(/^\$/, '').replace(',', '.')
  if (trimmed === '') return null
  if (!/^\d+(\.\d{1,6})?$/.test(trimmed)) return undefined
  const amount = Number(trimmed)
  return amount <= MAX_DOLLARS ? toMicros(amount) : undefined
}

/** Formats micro-units as a number of dollars, exactly. */
export function toDollars(micros: number | null | undefined): string {
  return micros === null || micros === undefined ? '' : String(fromMicros(micros))
}

function isCount(text: string, max: number): boolean {
  const count = Number(text)
  return Number.isInteger(count) && count >= 1 && count <= max
}

function parseCount(text: string): number | null {
  return text.trim() === '' ? null : Number(text)
}

function isOtherServer(form: ConnectionForm, { baseUrl }: Connection): boolean {
  return form.baseUrl.trim() !== '' && normalizeBaseUrl(form.baseUrl) !== (baseUrl ?? '')
}

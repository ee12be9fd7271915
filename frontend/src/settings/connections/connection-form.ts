import type { Connection, ConnectionChange, Dialect } from '@darkroom/contracts/connection'
import { fromMicros, toMicros } from '@darkroom/contracts/price'
import { normalizeBaseUrl } from './draft-check.ts'

/** The fields of a connection as text. Empty: the default, or none. */
export interface ConnectionForm {
  name: string
  baseUrl: string
  key: string
  slots: string
  budget: string
  assumed: string
  dialect: Dialect
}

/** A value that is not valid, with the field that it is in. */
export interface FormProblem {
  field: 'slots' | 'budget' | 'assumed' | 'baseUrl' | 'key'
  message: string
}

const MAX_SLOTS = 64
const MAX_DOLLARS = 1_000_000

/** Fills the form of a connection. */
export function fillForm({ name, baseUrl, slots, budgetMicros, assumedMicros, dialect }: Connection): ConnectionForm {
  return {
    name,
    baseUrl: baseUrl ?? '',
    key: '',
    slots: String(slots),
    budget: toDollars(budgetMicros),
    assumed: toDollars(assumedMicros),
    dialect: { ...dialect },
  }
}

/** Returns the values of a form that are not valid. */
export function findProblems(form: ConnectionForm, connection: Connection): FormProblem[] {
  const problems: FormProblem[] = []
  if (form.slots.trim() !== '' && !isSlots(form.slots)) {
    problems.push({ field: 'slots', message: `A whole number from 1 to ${MAX_SLOTS}.` })
  }
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
  const change: ConnectionChange = {}
  if (form.slots.trim() !== before.slots) change.slots = form.slots.trim() === '' ? null : Number(form.slots)
  if (form.budget.trim() !== before.budget) change.budgetMicros = parseMicros(form.budget) ?? null
  if (form.assumed.trim() !== before.assumed) change.assumedMicros = parseMicros(form.assumed) ?? null
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

function isSlots(text: string): boolean {
  const slots = Number(text)
  return Number.isInteger(slots) && slots >= 1 && slots <= MAX_SLOTS
}

function isOtherServer(form: ConnectionForm, { baseUrl }: Connection): boolean {
  return form.baseUrl.trim() !== '' && normalizeBaseUrl(form.baseUrl) !== (baseUrl ?? '')
}

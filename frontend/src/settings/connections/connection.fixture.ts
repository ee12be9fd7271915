import type { Connection } from '@darkroom/contracts/connection'

/** Builds a connection that works, with changes. */
export function buildConnection(changes: Partial<Connection> = {}): Connection {
  return {
    id: 'openai-1',
    kind: 'openai',
    name: 'OpenAI',
    baseUrl: null,
    key: 'stored',
    variable: null,
    locked: false,
    draft: false,
    state: { kind: 'ok' },
    slots: 2,
    maxOpenCalls: 64,
    budgetMicros: null,
    assumedMicros: null,
    failoverModel: null,
    spentMicros: 0,
    dialect: null,
    checkedAt: '2026-11-22T12:00:00.000Z',
    checkResult: null,
    modelsAt: '2026-11-22T12:00:00.000Z',
    models: 4,
    ...changes,
  }
}

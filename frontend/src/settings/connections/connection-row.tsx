import type { Connection } from '@darkroom/contracts/connection'
import { KIND_INFO } from '@darkroom/contracts/connection-kinds'
import { For, Match, Show, Switch } from 'solid-js'
import { Icon } from '../../ui/icons.tsx'
import { MenuButton, type MenuItem } from '../../ui/menu.tsx'
import { billingHost, type Fix, formatBudget, formatOrigin, formatState, listFixes } from './connection-words.ts'

export interface RowActions {
  check: (connection: Connection) => void
  edit: (connection: Connection) => void
  showWorkflows: (connection: Connection) => void
  replaceKey: (connection: Connection) => void
  remove: (connection: Connection) => void
}

interface ConnectionRowProps {
  connection: Connection
  actions: RowActions
  now: number
}

/** A connection of the list: what it is, its state in words, and what repairs it. */
export function ConnectionRow(props: ConnectionRowProps) {
  const words = () => formatState(props.connection, props.now)
  const fixes = () => listFixes(props.connection)
  return (
    <li class="connection" data-connection={props.connection.id}>
      <div class="connection-name">
        <h2>{props.connection.name}</h2>
        <p class="connection-origin">
          <Show when={props.connection.locked && props.connection.variable}>
            <Icon name="lock" />
          </Show>
          <span>{formatOrigin(props.connection)}</span>
        </p>
      </div>
      <div class="connection-state" data-broken={words().isBroken}>
        <p class="state-title">
          <Show when={words().isBroken}>
            <Icon name="warning" />
          </Show>
          {words().title}
        </p>
        <p>{words().detail}</p>
      </div>
      <MenuButton label={`Actions for ${props.connection.name}`} items={listItems(props.connection, props.actions)} />
      <Show when={words().problem || formatBudget(props.connection)}>
        <div class="connection-notes">
          <Show when={words().problem}>
            <p>{words().problem}</p>
          </Show>
          <Show when={formatBudget(props.connection)}>{budget => <p>{budget()}</p>}</Show>
        </div>
      </Show>
      <Show when={fixes().length > 0}>
        <div class="settings-buttons">
          <For each={fixes()}>{(fix, index) => <FixButton {...props} fix={fix} isFirst={index() === 0} />}</For>
        </div>
      </Show>
    </li>
  )
}

function FixButton(props: ConnectionRowProps & { fix: Fix; isFirst: boolean }) {
  const name = () => props.connection.name
  return (
    <Switch>
      <Match when={props.fix === 'replace-key'}>
        <button
          type="button"
          class="solid"
          aria-label={`Replace key of ${name()}`}
          onClick={() => props.actions.replaceKey(props.connection)}
        >
          Replace key
        </button>
      </Match>
      <Match when={props.fix === 'add-credit'}>
        <a
          class="soft"
          href={KIND_INFO[props.connection.kind].billingUrl ?? ''}
          target="_blank"
          rel="noopener noreferrer"
          aria-label={`Add credit at ${billingHost(props.connection)} for ${name()}, in a new tab`}
        >
          Add credit at {billingHost(props.connection)}
        </a>
      </Match>
      <Match when={props.fix === 'check'}>
        <button
          type="button"
          class="soft"
          aria-label={`Check again: ${name()}`}
          onClick={() => props.actions.check(props.connection)}
        >
          Check again
        </button>
      </Match>
    </Switch>
  )
}

function listItems(connection: Connection, actions: RowActions): MenuItem[] {
  const { locked, kind } = connection
  const hasKey = KIND_INFO[kind].key !== 'none'
  const entry = (label: string, run: (connection: Connection) => void) => ({ label, run: () => run(connection) })
  return [
    entry(locked ? 'Change limits' : 'Change', actions.edit),
    ...(locked || !hasKey ? [] : [entry('Replace key', actions.replaceKey)]),
    ...(kind === 'comfyui' ? [entry('Workflows', actions.showWorkflows)] : []),
    entry('Check now', actions.check),
    ...(locked ? [] : [entry('Remove', actions.remove)]),
  ]
}

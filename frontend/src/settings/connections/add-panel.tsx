import type { Connection } from '@darkroom/contracts/connection'
import {
  ADDABLE_KINDS,
  type ConnectionKind,
  type ConnectionKindInfo,
  KIND_INFO,
} from '@darkroom/contracts/connection-kinds'
import { createSignal, onCleanup, onMount, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import { describeProblem } from '../../request-error.ts'
import { Icon } from '../../ui/icons.tsx'
import { CheckResult } from './check-result.tsx'
import { findLimitProblems, type LimitTexts, toLimitChange } from './connection-form.ts'
import type { ConnectionsApi } from './connections-api.ts'
import type { ConnectionsState } from './connections-state.ts'
import { type ConnectionLimits, createDraftCheck, type DraftFields, type DraftProgress } from './draft-check.ts'
import { LimitDetails } from './fields/limit-fields.tsx'
import { TextField } from './fields/text-field.tsx'
import { KindTiles } from './kind-tiles.tsx'
import { Panel } from './panel.tsx'

interface AddPanelProps {
  api: ConnectionsApi
  state: ConnectionsState
  now: number
  onAdded: (connection: Connection) => void
  onClose: () => void
}

const NO_LIMITS: LimitTexts = { slots: '', openCalls: '' }
const EMPTY: DraftFields = { kind: ADDABLE_KINDS[0] ?? 'openai', key: '', baseUrl: '' }

/** The panel that adds a connection: its kind, its key and address, and the free check of them. */
export function AddPanel(props: AddPanelProps) {
  const draft = createDraft(props)
  const { fields, change, name, setName, progress, connection } = draft
  const [limits, setLimits] = createStore<LimitTexts>({ ...NO_LIMITS })
  const info = () => KIND_INFO[fields.kind]
  const isMachine = () => info().where === 'machine'
  const isReady = () => (isMachine() ? progress().phase !== 'sending' : canAdd(progress(), connection()))
  const addLabel = () => {
    if (isMachine()) return 'Switch it on'
    const works = connection()?.state.kind === 'ok' || !isReady()
    return `Add ${name().trim() || (info().where === 'server' ? 'this server' : info().name)}${works ? '' : ' anyway'}`
  }
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const element = event.currentTarget as HTMLFormElement
    if (findLimitProblems(limits).length > 0) return element.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()
    if (isReady()) void draft.add(toLimitChange(limits, NO_LIMITS))
  }
  return (
    <Panel title="Add a connection" onClose={props.onClose}>
      <form class="panel-form" aria-label="New connection" onSubmit={submit}>
        <KindTiles selected={fields.kind} onSelect={draft.selectKind} />
        <AccountFields fields={fields} change={change} name={name()} setName={setName} />
        <Show when={!isMachine()}>
          <LimitDetails texts={limits} connection={connection()} onInput={setLimits} />
        </Show>
        <CheckResult progress={progress()} connection={connection()} hint={describeHint(info())} now={props.now} />
        <div class="settings-buttons">
          <button type="submit" class="solid" disabled={!isReady()}>
            {addLabel()}
          </button>
          <Show when={!isMachine()}>
            <button
              type="button"
              class="soft"
              disabled={!canCheckAgain(progress(), connection())}
              onClick={draft.sendNow}
            >
              Check again
            </button>
          </Show>
        </div>
      </form>
    </Panel>
  )
}

/** Creates the state of the panel: its fields, and the draft that the studio checks. Leaving the panel removes both. */
function createDraft({ api, state, onAdded }: AddPanelProps) {
  const [fields, setFields] = createStore<DraftFields>({ ...EMPTY })
  const [name, setName] = createSignal('')
  const [progress, setProgress] = createSignal<DraftProgress>({ phase: 'incomplete', id: null, problem: null })
  const draft = createDraftCheck({ api, onProgress: setProgress, onConnection: state.upsert, onRemoved: state.drop })

  function change(changed: Partial<DraftFields>) {
    setFields(changed)
    draft.input({ ...fields })
  }

  /** Selects another kind. A key is not for the provider of another kind, and is forgotten. */
  function selectKind(kind: ConnectionKind) {
    setName('')
    change({ ...EMPTY, kind })
  }

  /** Adds what was checked. This machine is switched on without that, and checked then. */
  async function addConnection(limits: ConnectionLimits) {
    if (KIND_INFO[fields.kind].where !== 'machine') return await draft.confirm(name(), limits)
    setProgress(now => ({ ...now, phase: 'sending' }))
    const added = await api.add({ kind: fields.kind, ...(name().trim() !== '' && { name: name().trim() }) })
    state.upsert(added)
    return added
  }

  async function add(limits: ConnectionLimits) {
    try {
      const added = await addConnection(limits)
      setFields({ key: '' })
      if (added) onAdded(added)
    } catch (error) {
      setProgress(now => ({ ...now, phase: 'refused', problem: describeProblem(error) }))
    }
  }

  const onPageHide = () => draft.discard({ isLeaving: true })
  onMount(() => window.addEventListener('pagehide', onPageHide))
  onCleanup(() => {
    window.removeEventListener('pagehide', onPageHide)
    setFields({ key: '' })
    draft.discard()
  })
  const connection = () => state.find(progress().id ?? '')
  return {
    fields,
    change,
    selectKind,
    name,
    setName,
    progress,
    connection,
    add,
    sendNow: () => draft.sendNow({ ...fields }),
  }
}

interface AccountFieldsProps {
  fields: DraftFields
  change: (changed: Partial<DraftFields>) => void
  name: string
  setName: (name: string) => void
}

function AccountFields(props: AccountFieldsProps) {
  const info = () => KIND_INFO[props.fields.kind]
  return (
    <>
      <Show when={info().baseUrl === null && info().where !== 'machine'}>
        <AddressField
          value={props.fields.baseUrl}
          {...ADDRESS_HINTS[props.fields.kind]}
          onInput={baseUrl => props.change({ baseUrl })}
        />
      </Show>
      <Show when={info().key !== 'none'}>
        <TextField
          label={info().key === 'required' ? `${info().name} API key` : 'API key, if the server asks for one'}
          type="password"
          value={props.fields.key}
          onInput={key => props.change({ key })}
          icon={<Icon name="key" />}
          note="Kept encrypted on this machine, never shown again."
        />
      </Show>
      <TextField label="Name, if you like" value={props.name} placeholder={info().name} onInput={props.setName} />
      <Show when={info().baseUrl}>
        {baseUrl => (
          <details class="more-fields">
            <summary>Use another address</summary>
            <AddressField
              value={props.fields.baseUrl}
              placeholder={baseUrl()}
              note="For a gateway or proxy of your own. The key is sent there."
              onInput={typed => props.change({ baseUrl: typed })}
            />
          </details>
        )}
      </Show>
    </>
  )
}

/** Examples of addresses and notes on them, for servers without OpenAI's API. */
const ADDRESS_HINTS: Partial<Record<ConnectionKind, { placeholder: string; note: string }>> = {
  comfyui: {
    placeholder: 'http://192.168.1.20:8188',
    note: 'ComfyUI shows it when it starts. It listens for other machines with --listen.',
  },
}

interface AddressFieldProps {
  value: string
  onInput: (value: string) => void
  placeholder?: string
  note?: string
}

function AddressField(props: AddressFieldProps) {
  return (
    <TextField
      label="Address"
      inputMode="url"
      value={props.value}
      placeholder={props.placeholder ?? 'http://192.168.1.20:8080/v1'}
      note={props.note ?? 'The base URL that the server’s documentation gives; most end in /v1.'}
      onInput={props.onInput}
    />
  )
}

const MACHINE_HINT =
  'A small network enlarges pictures here, 2 or 4 times: free, and nothing leaves this machine. Switching it on downloads about 15 MB once, from npm.'

/** Returns the sentence about what is missing before a connection of a kind can be checked. */
function describeHint({ where, key }: ConnectionKindInfo): string {
  if (where === 'machine') return MACHINE_HINT
  return `It is checked as soon as there is ${key === 'required' ? 'a key' : 'an address'}, at no cost.`
}

const NOT_ADDABLE = ['checking', 'wrong-key', 'no-permission']

/** Returns whether a checked draft can be added. One that cannot be reached now may be there later; a wrong key stays wrong. */
function canAdd({ phase }: DraftProgress, connection: Connection | undefined): boolean {
  return phase === 'sent' && connection !== undefined && !NOT_ADDABLE.includes(connection.state.kind)
}

/** Returns whether there is something to check, and no check is under way. */
function canCheckAgain({ phase }: DraftProgress, connection: Connection | undefined): boolean {
  return phase === 'refused' || (phase === 'sent' && connection?.state.kind !== 'checking')
}

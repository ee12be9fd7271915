import type { Connection } from '@darkroom/contracts/connection'
import type { Workflow } from '@darkroom/contracts/connections/workflow'
import { For, Show, untrack } from 'solid-js'
import { Icon } from '../../../ui/icons.tsx'
import type { ConnectionsApi } from '../connections-api.ts'
import { Panel } from '../panel.tsx'
import { createWorkflowsState } from './workflows-state.ts'

interface WorkflowsPanelProps {
  api: Pick<ConnectionsApi, 'listWorkflows' | 'addWorkflow' | 'removeWorkflow'>
  connection: Connection
  /** Called when a workflow was added or removed. */
  onChanged: () => void
  onClose: () => void
}

/** The panel with the workflows of a connection to ComfyUI: each is a model. */
export function WorkflowsPanel(props: WorkflowsPanelProps) {
  const { api, onChanged } = props
  const state = createWorkflowsState({
    api,
    id: untrack(() => props.connection.id),
    checkedAt: () => props.connection.checkedAt,
    onChanged,
  })
  let picker: HTMLInputElement | undefined
  const addChosen = () => {
    const files = [...(picker?.files ?? [])]
    if (picker) picker.value = ''
    if (files.length > 0) void state.add(files)
  }
  return (
    <Panel title={`Workflows of ${props.connection.name}`} onClose={props.onClose}>
      <div class="panel-form">
        <p class="field-note">
          Each workflow is a model. Export it in ComfyUI by Workflow → Export (API), and add the file here.
        </p>
        <div class="settings-buttons">
          <button type="button" class="solid" disabled={state.isSending()} onClick={() => picker?.click()}>
            Add workflows
          </button>
          <input
            ref={picker}
            type="file"
            accept=".json,application/json"
            multiple
            hidden
            aria-label="Workflow files"
            onChange={addChosen}
          />
        </div>
        <div role="alert">
          <For each={state.problems()}>
            {problem => (
              <p class="field-note" data-problem="true">
                {problem}
              </p>
            )}
          </For>
        </div>
        <ul class="workflows" aria-label="Workflows">
          <For each={state.workflows()}>
            {workflow => <WorkflowRow workflow={workflow} onRemove={() => void state.remove(workflow.name)} />}
          </For>
        </ul>
        <Show when={state.workflows()?.length === 0}>
          <p class="field-note">No workflow was added so far.</p>
        </Show>
        <SlotHelp />
      </div>
    </Panel>
  )
}

function WorkflowRow(props: { workflow: Workflow; onRemove: () => void }) {
  return (
    <li class="workflow">
      <div>
        <h3>{props.workflow.name}</h3>
        <p class="workflow-slots">{props.workflow.slots.join(', ')}</p>
        <p class="workflow-state" data-broken={props.workflow.problem !== null}>
          <Show when={props.workflow.problem}>
            <Icon name="warning" />
          </Show>
          {describeState(props.workflow)}
        </p>
      </div>
      <button
        type="button"
        class="quiet icon-only"
        aria-label={`Remove the workflow ${props.workflow.name}`}
        onClick={props.onRemove}
      >
        <Icon name="bin" />
      </button>
    </li>
  )
}

function describeState({ problem, checkedAt }: Workflow): string {
  if (problem !== null) return problem
  return checkedAt === null ? 'The server has not been asked about it yet.' : 'The server can run it.'
}

/** Explains how a workflow tells what a submission fills. */
function SlotHelp() {
  return (
    <details class="more-fields">
      <summary>What a submission fills</summary>
      <p class="field-note">
        Prompt, negative prompt, seed, size, number of outputs and reference images are found by how the nodes are
        linked. To choose yourself, write names into the titles of nodes: @prompt, @negative, @seed, @size, @outputs,
        @reference, @mask, or @ and the name of any input, which becomes a setting. Once one title has a name, only what
        is named counts.
      </p>
      <p class="field-note">Files in the folder workflows of the data directory are models of every ComfyUI server.</p>
    </details>
  )
}

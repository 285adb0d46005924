/** The tracker: cells and epics. */
import { Schema } from "effect";
import { o, opt, project, read, Str } from "./route.ts";

export const CellView = Schema.Struct({
  id: Str,
  title: Str,
  status: Str,
  issue_type: Str,
  priority: Schema.Int,
  fields: Schema.Record(Str, Schema.Json),
  parent_id: Schema.NullOr(Str),
  dependencies: Schema.Array(Schema.Struct({ depends_on_id: Str, type: Str })),
  ready: Schema.Boolean,
  /** Why it is not ready, empty when it is. */
  waiting_for: Schema.Array(Str),
}).annotate({ identifier: "CellView" });
export type CellView = typeof CellView.Type;

const cell = { ...project, id: Str };

export const hiveRoutes = {
  create: o({ access: "anyone" })
    .input(
      Schema.Struct({
        ...project,
        title: Str,
        description: opt(Str),
        priority: opt(Schema.Int),
        issue_type: opt(Str),
        parent_id: opt(Str),
      }),
    )
    .output(CellView),
  /** A cell with children: `dependencies` are positions, from 0, of the subtasks that block one. */
  createEpic: o({ access: "anyone" })
    .input(
      Schema.Struct({
        ...project,
        title: Str,
        description: opt(Str),
        subtasks: Schema.Array(
          Schema.Struct({
            title: Str,
            description: opt(Str),
            dependencies: opt(Schema.Array(Schema.Natural)),
          }),
        ),
      }),
    )
    .output(Schema.Struct({ epic: CellView, cells: Schema.Array(CellView) })),
  list: read("anyone")
    .input(Schema.Struct({ ...project, status: opt(Str) }))
    .output(Schema.Array(CellView)),
  show: read("anyone").input(Schema.Struct(cell)).output(CellView),
  /** What can be begun now: the most urgent first, then the oldest. */
  ready: read("anyone")
    .input(Schema.Struct({ ...project, limit: opt(Schema.Natural) }))
    .output(Schema.Array(CellView)),
  /** The caller works on it from now on. One that is not ready, or that another works on, is refused. */
  start: o({ access: "anyone" }).input(Schema.Struct(cell)).output(CellView),
  update: o({ access: "anyone" })
    .input(
      Schema.Struct({
        ...cell,
        title: opt(Str),
        description: opt(Str),
        priority: opt(Schema.Int),
        issue_type: opt(Str),
      }),
    )
    .output(CellView),
  close: o({ access: "anyone" })
    .input(Schema.Struct({ ...cell, reason: opt(Str) }))
    .output(CellView),
  reopen: o({ access: "anyone" }).input(Schema.Struct(cell)).output(CellView),
};

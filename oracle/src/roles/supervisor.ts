import { Phase, Role } from "@gristmill/sdk";
import type { DisputeAgent } from "../disputes/agent.ts";
import { nothingToCheck, takePlace } from "./assignment.ts";
import { ClaimAudit } from "./claim-audit.ts";
import { withCranks } from "./cranks.ts";
import { challengersWork } from "./dispute-work.ts";
import { LogCosigner } from "./log-cosigner.ts";
import { LogKeys } from "./log-keys.ts";
import { membersOf } from "./membership.ts";
import type { Node } from "./node.ts";
import { collectPay } from "./pay.ts";
import { SegmentAuditor } from "./segment-auditor.ts";
import { joinSession, loadTrainingSet } from "./session.ts";
import { gatherFinalState } from "./submission.ts";
import type { TaskFollower } from "./task-follower.ts";
import type { TaskTerms } from "./terms.ts";

/**
 * A supervisor's part: keeps every signed segment of the task, serves them to whoever missed some, co-signs the log of each
 * epoch with the other supervisors, and runs segments again that a draw or their figures single out.
 */
export async function runSupervisor(
  node: Node,
  follower: TaskFollower,
  terms: TaskTerms,
  disputes: DisputeAgent,
): Promise<void> {
  await withCranks(node, follower, terms, async () => {
    const place = await takePlace(node, follower, terms, Role.Supervisor, nothingToCheck);
    if (place === undefined) return;
    const { task } = await follower.until((moment) => moment.task.phase >= Phase.Training);
    if (task.phase === Phase.Cancelled) return;
    const session = await joinSession(node, follower, terms);
    const supervisors = await membersOf(node, terms.taskId, task, Role.Supervisor);
    const keys = await LogKeys.create(node, terms.taskId, supervisors);
    const audit = new ClaimAudit(node, session, await loadTrainingSet(node, terms));
    disputes.equip(challengersWork(node, session, audit));
    try {
      await Promise.all([
        new LogCosigner(node, session, follower, place.index, supervisors, keys).run(),
        new SegmentAuditor(node, session, follower, audit, disputes).run(),
        reportLog(node, follower, terms, session),
        collectPay(node, follower),
      ]);
    } finally {
      await audit.dispose();
    }
  });
}

/** Tells what the whole log sums up to, once no conviction can change that any more. */
async function reportLog(
  node: Node,
  follower: TaskFollower,
  terms: TaskTerms,
  session: Awaited<ReturnType<typeof joinSession>>,
): Promise<void> {
  const { task } = await follower.until((moment) => moment.task.phase > Phase.Submission);
  const { stateId } = await gatherFinalState(node, session, task);
  const segments = session.log.heads().reduce((sum, _, slot) => sum + session.log.chain(slot).length, 0);
  node.log.info({ event: "log", task: terms.taskId, segments, stateId });
}

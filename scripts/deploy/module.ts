import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

import type { SuiteParameters } from "./parameters.ts";
import { GAME_LIBRARY_NAMES, LIBRARY_NAMES, TWINS } from "./record.ts";

type ModuleBuilder = Parameters<Parameters<typeof buildModule>[1]>[0];

/**
 * The suite as Ignition deploys it: the contracts in the order of their needs, then the wiring, once and for good, of
 * those that need each other.
 * @param deployer receives the genesis amount
 * @param catalogue entries of the filler tasks' catalogue
 */
export function suiteModule(parameters: SuiteParameters, deployer: string, catalogue: readonly string[]) {
  return buildModule("Gristmill", (m) => {
    const { token: tokenParameters, stake: stakeParameters } = parameters;
    const hasGenesis = tokenParameters.genesis > 0n;
    const recipients = hasGenesis ? [deployer] : [];
    const amounts = hasGenesis ? [tokenParameters.genesis] : [];

    const GristToken = m.contract("GristToken", [tokenParameters.cap, recipients, amounts]);
    const EpochBeacon = m.contract("EpochBeacon", [parameters.beacon]);
    const StakeManager = m.contract("StakeManager", [GristToken, stakeParameters.unbondingDelay]);
    const VerifierPool = m.contract("VerifierPool", [StakeManager, EpochBeacon, stakeParameters.minimumVerifierWeight]);
    const MlpTemplate = m.contract("MlpTemplate");
    const TaskRegistry = m.contract(
      "TaskRegistry",
      [GristToken, StakeManager, EpochBeacon, MlpTemplate, parameters.registry.challengeSeconds],
      linked(m, LIBRARY_NAMES),
    );
    const WorkMint = m.contract("WorkMint", [GristToken, TaskRegistry, EpochBeacon, VerifierPool, parameters.mint]);
    const Audits = m.contract("Audits", [TaskRegistry, EpochBeacon, VerifierPool, parameters.audits]);
    const Court = m.contract("Court", [TaskRegistry, StakeManager, parameters.court]);
    const judged = [Court, TaskRegistry, MlpTemplate];
    const SegmentGame = m.contract("SegmentGame", judged, linked(m, GAME_LIBRARY_NAMES));
    const EvaluationGame = m.contract("EvaluationGame", judged);
    const TensHashGame = m.contract("TensHashGame", [Court, WorkMint, EpochBeacon]);
    const Misconduct = m.contract("Misconduct", judged);
    const Demands = m.contract("Demands", [Court, TaskRegistry, StakeManager]);
    const OpenMint = m.contract("OpenMint", [GristToken, EpochBeacon, parameters.openMint]);
    const evidence = [Court, WorkMint, Audits, VerifierPool, SegmentGame, TensHashGame, Misconduct];
    const Perjury = m.contract("Perjury", evidence);
    const SupervisorLog = m.contract("SupervisorLog", [TaskRegistry, EpochBeacon]);
    const BountyBoard = m.contract("BountyBoard", [
      GristToken,
      StakeManager,
      EpochBeacon,
      VerifierPool,
      parameters.bounties,
    ]);
    const ExactBounties = m.contract("ExactBounties", [
      GristToken,
      StakeManager,
      MlpTemplate,
      parameters.exactBounties.leastSeconds,
    ]);
    // The court and the game of tasks once more, around another contract that answers for what is disputed.
    const BountyCourt = m.contract(TWINS.BountyCourt, [ExactBounties, StakeManager, parameters.court], {
      id: "BountyCourt",
    });
    const BountyGame = m.contract(TWINS.BountyGame, [BountyCourt, ExactBounties, MlpTemplate], { id: "BountyGame" });
    const FillerTasks = m.contract("FillerTasks", [
      GristToken,
      TaskRegistry,
      EpochBeacon,
      MlpTemplate,
      parameters.fillers,
      [...catalogue],
    ]);

    m.call(GristToken, "appoint", [[WorkMint, OpenMint, FillerTasks]]);
    m.call(StakeManager, "wire", [[TaskRegistry, VerifierPool, Court, BountyBoard, ExactBounties, BountyCourt]]);
    m.call(TaskRegistry, "wire", [WorkMint, Court, SupervisorLog, Audits]);
    m.call(VerifierPool, "wire", [Perjury]);
    m.call(Court, "wire", [
      [SegmentGame, EvaluationGame, TensHashGame],
      [Misconduct, Demands],
    ]);
    m.call(ExactBounties, "wire", [BountyCourt]);
    m.call(BountyCourt, "wire", [[BountyGame], []]);

    return {
      GristToken,
      EpochBeacon,
      StakeManager,
      VerifierPool,
      MlpTemplate,
      TaskRegistry,
      WorkMint,
      Audits,
      Court,
      SegmentGame,
      EvaluationGame,
      TensHashGame,
      Misconduct,
      Demands,
      OpenMint,
      Perjury,
      SupervisorLog,
      BountyBoard,
      ExactBounties,
      BountyCourt,
      BountyGame,
      FillerTasks,
    };
  });
}

/** What links a contract to libraries deployed beside it. */
function linked(m: ModuleBuilder, names: readonly string[]) {
  return { libraries: Object.fromEntries(names.map((name) => [name, m.library(name)])) };
}

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { ContainerRunner } from "../../../oracle/src/runners/container-runner.ts";
import { rejection } from "../../rejection.ts";
import { scriptJob } from "./script-job.ts";

const LIMITS = { memoryBytes: 2 ** 28, processes: 24, scratchBytes: 2 ** 20 };
const { signal } = new AbortController();

describe("ContainerRunner", function () {
  this.timeout(30_000);
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-engine-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** An engine that notes how it was called. */
  function engine(run: string): string {
    const path = join(folder, "engine");
    writeFileSync(path, `#!/bin/sh\necho "$*" >> ${folder}/calls\ncase $1 in run) ${run};; esac\n`);
    chmodSync(path, 0o755);
    return path;
  }

  const calls = (): string => readFileSync(join(folder, "calls"), "utf8");

  it("asks the engine for a container without network, privileges or a writable system, with every limit", async () => {
    const runner = new ContainerRunner(LIMITS, ["no-such-engine", engine("printf model")]);
    const model = await runner.run(await scriptJob("true", 20, "python:3"), signal);
    expect(new TextDecoder().decode(model)).to.equal("model");
    for (const option of [
      "--pull never",
      "--network none",
      "--read-only",
      "--cap-drop ALL",
      "--security-opt no-new-privileges",
      "--user 65534:65534",
      `--memory ${LIMITS.memoryBytes}`,
      `--pids-limit ${LIMITS.processes}`,
      `--tmpfs /job/out:rw,size=${LIMITS.scratchBytes},mode=1777`,
      ":/job/in:ro",
    ])
      expect(calls()).to.include(option);
  });

  it("removes a container whose time is over", async () => {
    const runner = new ContainerRunner(LIMITS, [engine("exec sleep 60")]);
    const late = await rejection(runner.run(await scriptJob("true", 1, "python:3"), signal));
    expect(late).to.have.property("code", "RUNNER_TIMEOUT");
    expect(calls()).to.match(/^rm --force gristmill-/m);
  });

  it("without an engine refuses, and names the mend", async () => {
    const runner = new ContainerRunner(LIMITS, ["no-such-engine"]);
    const refusal = await rejection(runner.run(await scriptJob("true", 20, "python:3"), signal));
    expect(refusal).to.have.property("code", "RUNNER_UNAVAILABLE");
    expect((refusal as { hints: string[] }).hints.join()).to.include("install podman or docker");
  });
});

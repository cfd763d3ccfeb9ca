import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { expect } from "chai";

import { hasBubblewrap, SandboxRunner } from "../../../oracle/src/runners/sandbox-runner.ts";
import { rejection } from "../../rejection.ts";
import { scriptJob } from "./script-job.ts";

const LIMITS = { memoryBytes: 2 ** 28, processes: 24, scratchBytes: 2 ** 20 };
const runner = new SandboxRunner(LIMITS);
const { signal } = new AbortController();

/** What a script wrote for a model, as text. */
async function outputOf(source: string): Promise<string> {
  return new TextDecoder().decode(await runner.run(await scriptJob(source), signal));
}

/** Command lines of all processes of this machine. */
function commandLines(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, "utf8");
      } catch {
        return ""; // it has ended meanwhile
      }
    });
}

/** The kernel ends what is left in a sandbox after its first process has closed its pipes: at once, but after. */
async function untilGone(what: RegExp): Promise<void> {
  for (let looks = 0; commandLines().some((line) => what.test(line)); looks++) {
    if (looks === 400) expect.fail(`a process ${String(what)} outlives its sandbox`);
    await setTimeout(5);
  }
}

describe("SandboxRunner", function () {
  this.timeout(60_000);
  const isThere = hasBubblewrap();

  describe("with bubblewrap", () => {
    before("bubblewrap is installed", async function () {
      if (!(await isThere)) this.skip();
    });

    it("hands a script its inputs and takes its model", async () => {
      const text = await outputOf(`
        ls /job/in > model.bin
        grep -c '"mode":"bounty"' /job/in/spec.json >> model.bin
        head -c 4 /job/in/train.bin >> model.bin
        echo " $JOB_SEED $JOB_SECONDS" >> model.bin
        echo "a line of the log"`);
      expect(text).to.equal("script\nspec.json\ntrain.bin\n1\nGMBS 42 20\n");
    });

    it("shows a script no file of the node: neither keys nor data folder, nor its environment or processes", async () => {
      const folder = mkdtempSync(join(tmpdir(), "gristmill-keys-"));
      const keystore = join(folder, "keystore.json");
      writeFileSync(keystore, "the secret key", { mode: 0o644 });
      process.env["ORACLE_MINER_PRIVATE_KEY"] = "the secret key";
      try {
        const text = await outputOf(`
          { cat ${keystore} || cat ${homedir()}/* /root/* /etc/shadow /etc/passwd || true; } 2>/dev/null > model.bin
          cat /proc/[0-9]*/environ | grep -a secret >> model.bin
          ls -d /proc/[0-9]* | wc -l >> model.bin
          env | cut -d= -f1 | sort | tr '\\n' ' ' >> model.bin`);
        expect(text).to.not.include("secret");
        const [processes, names] = text.trim().split("\n").slice(-2);
        expect(Number(processes)).to.be.at.most(12);
        expect(names!.trim().split(" ")).to.deep.equal(["HOME", "JOB_SECONDS", "JOB_SEED", "PATH", "PWD"]);
      } finally {
        delete process.env["ORACLE_MINER_PRIVATE_KEY"];
        rmSync(folder, { recursive: true });
      }
    });

    it("lets a script reach no network, not even this machine's own", async () => {
      let reached = 0;
      const server = createServer(() => reached++).listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      const { port } = server.address() as AddressInfo;
      try {
        const text = await outputOf(`
          bash -c 'echo hello > /dev/tcp/127.0.0.1/${port}' && echo reached > model.bin
          tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' >> model.bin`);
        expect(text).to.equal("lo\n");
        expect(reached).to.equal(0);
      } finally {
        server.close();
      }
    });

    it("stops a script that forks without end at its number of processes", async () => {
      const counted = await rejection(
        runner.run(await scriptJob(`i=0; while [ $i -lt 400 ]; do sleep 47111 & i=$((i+1)); echo $i; done`), signal),
      );
      expect(counted).to.have.property("code", "RUNNER_FAILED");
      const hints = (counted as { hints: string[] }).hints.join();
      const started = [...hints.matchAll(/^(\d+)$/gm)].map(([, digits]) => Number(digits));
      expect(Math.max(0, ...started)).to.be.at.most(LIMITS.processes);
      // The bomb proper: whatever becomes of it, it is over with its time, and nothing is left.
      const bomb = await rejection(
        runner.run(await scriptJob(`bomb() { bomb | bomb & }; bomb; sleep 47112`, 2), signal),
      );
      expect(bomb).to.have.property("code").that.is.oneOf(["RUNNER_TIMEOUT", "RUNNER_FAILED"]);
      await untilGone(/4711[12]/);
    });

    it("lets a script fill no disk: what it can write to is bounded, all else is read-only", async () => {
      const text = await outputOf(`
        for folder in /tmp /dev/shm /job/out; do
          head -c 50000000 /dev/zero > $folder/fill 2>/dev/null
          rm $folder/fill
        done
        for folder in / /usr /job /job/in /dev /etc /proc; do
          touch $folder/fill 2>/dev/null && echo "could write to $folder" >> model.bin
        done
        for folder in /tmp /dev/shm; do df --output=size -k $folder | tail -1 | tr -d ' ' >> model.bin; done
        true`);
      expect(text).to.equal(`${LIMITS.scratchBytes / 1024}\n${LIMITS.scratchBytes / 1024}\n`);
    });

    it("ends a script with its time, and all that it started, even in sessions of their own", async () => {
      const late = await rejection(
        runner.run(await scriptJob(`setsid sleep 47113 & (setsid sleep 47114 &) ; while :; do :; done`, 1), signal),
      );
      expect(late).to.have.property("code", "RUNNER_TIMEOUT");
      await untilGone(/4711[34]/);
      // So does a script that ends in time and leaves something behind.
      await outputOf(`setsid sleep 47115 & echo done > model.bin`);
      await untilGone(/47115/);
    });

    it("gives a process no more memory than it may have", async () => {
      const greedy = await rejection(
        runner.run(await scriptJob(`x=$(head -c 600000000 /dev/zero | tr '\\0' x)`), signal),
      );
      expect(greedy).to.have.property("code", "RUNNER_FAILED");
    });

    it("bounds the memory and processes of a script in all, where this machine gives it a control group", async () => {
      const folder = mkdtempSync(join(tmpdir(), "gristmill-scope-"));
      const [systemdRun, calls] = [join(folder, "systemd-run"), join(folder, "calls")];
      // Notes how it was called, and runs what follows its options.
      const follow = 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"';
      writeFileSync(systemdRun, `#!/bin/sh\necho "$*" | head -n 1 >> ${calls}\n${follow}\n`, { mode: 0o755 });
      try {
        const grouped = new SandboxRunner(LIMITS, "bwrap", systemdRun);
        const model = await grouped.run(await scriptJob(`{ echo grouped; env | grep XDG; } > model.bin; true`), signal);
        expect(new TextDecoder().decode(model)).to.equal("grouped\n");
        const scope = `--scope --quiet --collect -p MemoryMax=${LIMITS.memoryBytes} -p MemorySwapMax=0 -p TasksMax=${LIMITS.processes} -- `;
        for (const line of readFileSync(calls, "utf8").trim().split("\n")) expect(line).to.include(scope);
        expect(readFileSync(calls, "utf8")).to.include(`${scope}bwrap --unshare-all`);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    it("takes no model that is larger than the bounty allows, and none where there is none", async () => {
      const large = await rejection(runner.run(await scriptJob(`head -c 5000 /dev/zero > model.bin`), signal));
      expect(large).to.have.property("code", "RUNNER_OUTPUT_TOO_LARGE");
      const none = await rejection(runner.run(await scriptJob(`exit 0`), signal));
      expect(none).to.have.property("code", "RUNNER_FAILED");
    });

    it("stops when it is told to", async () => {
      const controller = new AbortController();
      const running = runner.run(await scriptJob(`sleep 47116`), controller.signal);
      setImmediate(() => {
        controller.abort();
      });
      expect(await rejection(running)).to.have.property("name");
      await untilGone(/47116/);
    });
  });

  it("without bubblewrap refuses, and names the mend", async () => {
    const without = new SandboxRunner(LIMITS, "no-such-bwrap");
    const refusal = await rejection(without.run(await scriptJob("true"), signal));
    expect(refusal).to.have.property("code", "RUNNER_UNAVAILABLE");
    expect((refusal as { hints: string[] }).hints.join()).to.include("apt-get install bubblewrap");
  });
});

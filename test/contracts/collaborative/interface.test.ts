import { expect } from "chai";
import { artifacts } from "hardhat";
import { Interface, type InterfaceAbi } from "ethers";

const OWNABLE = ["function owner() view returns (address)", "function transferOwnership(address)"];

const CLASSIFIER = [
  ...OWNABLE,
  "function classifications(uint256) view returns (string)",
  "function featureIndices(uint256) view returns (uint32)",
  "function getNumClassifications() view returns (uint256)",
  "function addFeatureIndices(uint32[])",
  "function getNumFeatureIndices() view returns (uint256)",
  "function toFloat() view returns (uint32)",
  "function norm(int64[]) pure returns (uint256)",
  "function predict(int64[]) view returns (uint64)",
  "function update(int64[],uint64)",
];

const PERCEPTRON = [
  ...CLASSIFIER,
  "constructor(string[],int80[],int80,uint32)",
  "function intercept() view returns (int80)",
  "function learningRate() view returns (uint32)",
];

const INCENTIVE = [
  ...OWNABLE,
  "function addressStats(address) view returns (uint128 numValid, uint128 numSubmitted)",
  "function totalSubmitted() view returns (uint256)",
  "function totalGoodDataCount() view returns (uint256)",
  "function refundWaitTimeS() view returns (uint32)",
  "function ownerClaimWaitTimeS() view returns (uint32)",
  "function anyAddressClaimWaitTimeS() view returns (uint32)",
  "function getNextAddDataCost() view returns (uint256)",
  "function getNextAddDataCost(uint256) view returns (uint256)",
  "function getNextAddDataCost(int64[],uint64) view returns (uint256)",
  "function numValidForAddress(address) view returns (uint128)",
  "function handleAddData(uint256,int64[],uint64) returns (uint256)",
  "function handleRefund(address,int64[],uint64,uint256,uint256,bool,uint64,uint256) returns (uint256)",
  "function handleReport(address,int64[],uint64,uint256,address,uint256,uint256,bool,uint64,uint256) returns (uint256)",
];

const ADD_CLASS = "event AddClass(string name, uint256 index)";

/** What upstream's contracts can be called with and what they emit, as their last version has it. */
const UPSTREAM: Readonly<Record<string, readonly string[]>> = {
  CollaborativeTrainer64: [
    "constructor(string,string,string,address,address,address)",
    "event AddData(int64[] d, uint64 c, uint256 t, address indexed sender, uint256 cost)",
    "function name() view returns (string)",
    "function description() view returns (string)",
    "function encoder() view returns (string)",
    "function dataHandler() view returns (address)",
    "function incentiveMechanism() view returns (address)",
    "function classifier() view returns (address)",
    "function addData(int64[],uint64) payable",
    "function refund(int64[],uint64,uint256)",
    "function report(int64[],uint64,uint256,address)",
  ],
  DataHandler64: [
    ...OWNABLE,
    "constructor()",
    "function addedData(bytes32) view returns (uint64 c, uint256 t, address sender, uint256 initialDeposit, uint256 claimableAmount, uint256 numClaims)",
    "function getClaimableAmount(int64[],uint64,uint256,address) view returns (uint256)",
    "function getInitialDeposit(int64[],uint64,uint256,address) view returns (uint256)",
    "function getNumClaims(int64[],uint64,uint256,address) view returns (uint256)",
    "function isDataEqual(int64[],int64[]) pure returns (bool)",
    "function handleAddData(address,uint256,int64[],uint64) returns (uint256 time)",
    "function handleRefund(address,int64[],uint64,uint256) returns (uint256 claimableAmount, bool claimedBySubmitter, uint256 numClaims)",
    "function handleReport(address,int64[],uint64,uint256,address) returns (uint256 initialDeposit, uint256 claimableAmount, bool claimedByReporter, uint256 numClaims, bytes32 dataKey)",
    "function hasClaimed(int64[],uint64,uint256,address,address) view returns (bool)",
    "function updateClaimableAmount(bytes32,uint256)",
  ],
  IncentiveMechanism64: INCENTIVE,
  Stakeable64: [
    ...INCENTIVE,
    "constructor(uint32,uint32,uint32,uint80)",
    "event Refund(address recipient, uint256 amount)",
    "event Report(address recipient, uint256 amount)",
    "function costWeight() view returns (uint256)",
    "function lastUpdateTimeS() view returns (uint256)",
  ],
  Points64: [
    ...INCENTIVE,
    "constructor(uint32,uint32,uint32)",
    "event Refund(address recipient)",
    "event Report(address recipient)",
  ],
  Classifier64: CLASSIFIER,
  DensePerceptron: [
    ...PERCEPTRON,
    "function weights(uint256) view returns (int80)",
    "function initializeWeights(int80[])",
  ],
  SparsePerceptron: [
    ...PERCEPTRON,
    "function weights(uint64) view returns (int80)",
    "function initializeWeights(uint64,int80[])",
    "function initializeSparseWeights(int80[][])",
    "function evaluateBatch(uint24[60][],uint64[]) view returns (uint256 numCorrect)",
  ],
  NaiveBayesClassifier: [
    ...CLASSIFIER,
    ADD_CLASS,
    "constructor(string[],uint64[],uint32[][][],uint256,uint32)",
    "function classInfos(uint256) view returns (uint64 numSamples, uint64 totalFeatureCount)",
    "function smoothingFactor() view returns (uint32)",
    "function initializeCounts(uint32[][],uint64)",
    "function addClass(uint64,uint32[][],string)",
    "function getClassTotalFeatureCount(uint256) view returns (uint64)",
    "function getFeatureCount(uint256,uint32) view returns (uint32)",
    "function getNumSamples(uint256) view returns (uint64)",
  ],
  NearestCentroidClassifier: [
    ...CLASSIFIER,
    ADD_CLASS,
    "constructor(string[],int64[][],uint256[])",
    "function UINT256_MAX() view returns (uint256)",
    "function dataCountLimit() view returns (uint256)",
    "function centroids(uint256,uint256) view returns (int64)",
    "function dataCounts(uint256) view returns (uint256)",
    "function addClass(int64[],string,uint256)",
  ],
  SparseNearestCentroidClassifier: [
    ...CLASSIFIER,
    ADD_CLASS,
    "constructor(string[],uint64[][][],uint64[])",
    "function UINT256_MAX() view returns (uint256)",
    "function dataCountLimit() view returns (uint256)",
    "function classInfos(uint256) view returns (uint64 numSamples, uint256 squaredMagnitude)",
    "function extendCentroid(uint64[][],uint64)",
    "function addClass(uint64[][],string,uint64)",
    "function getNumSamples(uint256) view returns (uint64)",
    "function getCentroidValue(uint256,uint32) view returns (uint64)",
    "function getSquaredMagnitude(uint256) view returns (uint256)",
  ],
};

/** What a caller has to encode and can decode: names of arguments and whether a function is view or pure are no part. */
function shapes(abi: InterfaceAbi): Set<string> {
  const { fragments } = new Interface(abi);
  return new Set(
    fragments.flatMap((fragment) => {
      if (fragment.type === "event") return [fragment.format("full")];
      if (fragment.type === "constructor") return [`constructor(${fragment.inputs.map(({ type }) => type).join()})`];
      if (fragment.type !== "function") return [];
      const { outputs, payable } = new Interface([fragment]).fragments[0] as unknown as {
        readonly outputs: readonly { readonly type: string }[];
        readonly payable: boolean;
      };
      return [`${fragment.format()} ${payable ? "payable " : ""}=> (${outputs.map(({ type }) => type).join()})`];
    }),
  );
}

describe("shared models: upstream's interface", () => {
  for (const [contract, expected] of Object.entries(UPSTREAM)) {
    it(`is whole in ${contract}: every function, event and constructor parameter`, async () => {
      const { abi } = await artifacts.readArtifact(contract);
      const ours = shapes(abi as InterfaceAbi);
      for (const shape of shapes(expected)) expect([...ours]).to.include(shape);
      // An abstract contract's constructor has no callers.
      if (contract === "IncentiveMechanism64" || contract === "Classifier64") return;
      expect([...ours].filter((shape) => shape.startsWith("constructor"))).to.have.length(1);
    });
  }
});

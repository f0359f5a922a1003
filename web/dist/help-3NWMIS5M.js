import{a}from"./chunk-BGCAQW5K.js";import"./chunk-YRTWCYT3.js";import"./chunk-RMYQN6QT.js";export{a as Help};

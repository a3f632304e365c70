// The classes of Living-17: which ImageNet classes make a superclass. From BREEDS (Santurkar, Tsipras, Madry: "BREEDS:
// Benchmarks for Subpopulation Shift", ICLR 2021).
#pragma once

#include <array>
#include <string_view>

namespace tbft::data {

// A superclass with the ImageNet-1k classes (WordNet ids) of the source, on which a base model is trained, and of the target.
struct Living17Class {
  std::string_view name;
  std::array<std::string_view, 2> source;
  std::array<std::string_view, 2> target;
};

// The superclasses in the order of the labels 0..16.
inline constexpr std::array<Living17Class, 17> living17_classes{{
    {"salamander", {"n01631663", "n01632777"}, {"n01630670", "n01632458"}},
    {"turtle", {"n01669191", "n01665541"}, {"n01664065", "n01667114"}},
    {"lizard", {"n01685808", "n01689811"}, {"n01694178", "n01675722"}},
    {"snake", {"n01740131", "n01735189"}, {"n01751748", "n01742172"}},
    {"spider", {"n01774750", "n01773157"}, {"n01773797", "n01775062"}},
    {"grouse", {"n01796340", "n01798484"}, {"n01797886", "n01795545"}},
    {"parrot", {"n01818515", "n01820546"}, {"n01817953", "n01819313"}},
    {"crab", {"n01978287", "n01980166"}, {"n01978455", "n01981276"}},
    {"dog", {"n02088466", "n02086079"}, {"n02111500", "n02086910"}},
    {"wolf", {"n02114855", "n02114712"}, {"n02114548", "n02114367"}},
    {"fox", {"n02120505", "n02120079"}, {"n02119022", "n02119789"}},
    {"cat", {"n02123159", "n02124075"}, {"n02123394", "n02123597"}},
    {"bear", {"n02134418", "n02133161"}, {"n02134084", "n02132136"}},
    {"beetle", {"n02172182", "n02174001"}, {"n02167151", "n02168699"}},
    {"butterfly", {"n02281406", "n02276258"}, {"n02280649", "n02277742"}},
    {"ape", {"n02483362", "n02480495"}, {"n02480855", "n02481823"}},
    {"monkey", {"n02490219", "n02493509"}, {"n02493793", "n02492660"}},
}};

}  // namespace tbft::data

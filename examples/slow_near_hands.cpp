// Slow a robot down by the distance of the nearest hand to the camera.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "biopose_ros/msg/body_points.hpp"
#include "biopose_ros/msg/joint_angle_array.hpp"
#include "biopose_ros/msg/tracked_persons.hpp"
#include "rclcpp/rclcpp.hpp"
#include "std_msgs/msg/float64.hpp"

using biopose_ros::msg::BodyPoint;
using biopose_ros::msg::BodyPoints;
using biopose_ros::msg::JointAngleArray;
using biopose_ros::msg::TrackedPersons;

namespace
{
constexpr double kStopM = 0.5, kFreeM = 1.5;  // no motion below, full speed above
constexpr double kSilenceS = 0.5;             // without results for so long: stop
constexpr double kArrivalS = 0.3;             // a hand is taken to where it will be by then

// Give a distance that a point is very probably beyond: two sigma nearer, and moved on.
double bound_m(const BodyPoint & point)
{
  const double p[3] = {point.position.x, point.position.y, point.position.z};
  const double v[3] = {point.velocity.x, point.velocity.y, point.velocity.z};
  const double distance = std::hypot(p[0], p[1], p[2]);
  double variance = 0.0, approach = 0.0;
  for (int i = 0; i < 3; ++i) {
    approach += p[i] / distance * v[i];
    for (int j = 0; j < 3; ++j) {
      variance += p[i] / distance * point.covariance[3 * i + j] * p[j] / distance;
    }
  }
  const double bound = distance - 2.0 * std::sqrt(variance) + std::min(0.0, approach) * kArrivalS;
  return std::isfinite(bound) ? bound : 0.0;  // unknown may be anywhere
}

double speed_share(double distance)
{
  return std::clamp((distance - kStopM) / (kFreeM - kStopM), 0.0, 1.0);
}
}  // namespace

// Publishes speed_share, 0 to 1, several times a second.
class SlowNearHands : public rclcpp::Node
{
public:
  SlowNearHands() : Node("slow_near_hands")
  {
    shares_ = create_publisher<std_msgs::msg::Float64>("speed_share", 1);
    points_ = create_subscription<BodyPoints>(
      "body_points", 10, [this](const BodyPoints & message) { on_points(message); });
    persons_ = create_subscription<TrackedPersons>(
      "tracked_persons", 10, [this](const TrackedPersons & message) { on_persons(message); });
    timer_ = create_wall_timer(std::chrono::milliseconds(50), [this] { publish(); });
  }

private:
  void on_points(const BodyPoints & message)
  {
    double nearest = std::numeric_limits<double>::infinity();
    for (const auto & point : message.points) {
      if (point.name == "left_hand" || point.name == "right_hand") {
        nearest = std::min(nearest, bound_m(point));
      }
    }
    nearest_m_[message.person_id] = nearest;
  }

  // Forget who is gone; a list without anybody says that the way is free. Who is listed but has
  // no points yet may be anywhere.
  void on_persons(const TrackedPersons & message)
  {
    last_ = now();
    std::map<std::string, double> here;
    for (const auto & person : message.persons) {
      if (person.tracking_state != JointAngleArray::STATE_LOST) {
        const auto known = nearest_m_.find(person.person_id);
        here[person.person_id] = known == nearest_m_.end() ? 0.0 : known->second;
      }
    }
    nearest_m_ = std::move(here);
  }

  void publish()
  {
    const bool is_silent = !last_ || (now() - *last_).seconds() > kSilenceS;
    double nearest = std::numeric_limits<double>::infinity();
    for (const auto & [name, distance] : nearest_m_) {
      nearest = std::min(nearest, distance);
    }
    std_msgs::msg::Float64 share;
    share.data = is_silent ? 0.0 : speed_share(nearest);
    shares_->publish(share);
  }

  std::map<std::string, double> nearest_m_;
  std::optional<rclcpp::Time> last_;
  rclcpp::Publisher<std_msgs::msg::Float64>::SharedPtr shares_;
  rclcpp::Subscription<BodyPoints>::SharedPtr points_;
  rclcpp::Subscription<TrackedPersons>::SharedPtr persons_;
  rclcpp::TimerBase::SharedPtr timer_;
};

int main(int argc, char ** argv)
{
  rclcpp::init(argc, argv);
  rclcpp::spin(std::make_shared<SlowNearHands>());
  rclcpp::shutdown();
  return 0;
}
